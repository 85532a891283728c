"""TorchScript of a known system is imported as the checkpoint that its weights would be."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.port.tiny_vocoders import HIFIGAN_TINY, write_hifigan  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.convert import hifigan, wenet  # noqa: E402
from tingshuo.port.convert.torchscript import draft  # noqa: E402
from tingshuo.port.recognise.probe import probe  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.usefixtures("in_process"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generator as a checkpoint, and one with the same as TorchScript."""
    folder = tmp_path_factory.mktemp("script")
    net = write_hifigan(folder / "plain", spelling="plain")
    write_hifigan(folder / "voc")
    (folder / "voc/g_00000010").unlink()
    (folder / "voc/README.md").write_text("---\nlicense: mit\n---\n")
    torch.jit.trace(net, torch.zeros(1, HIFIGAN_TINY.mels, 9)).save(str(folder / "voc/final.zip"))
    return folder


def test_it_is_what_the_checkpoint_is(traced: Path) -> None:
    expected, made = hifigan.draft(traced / "plain"), draft(traced / "voc")
    assert made.config == expected.config
    assert made.parts["vocoder"].tensors.keys() == expected.parts["vocoder"].tensors.keys()
    for name, tensor in expected.parts["vocoder"].tensors.items():
        np.testing.assert_array_equal(made.parts["vocoder"].tensors[name], tensor)
    assert (made.system, made.licence) == ("hifigan", "MIT")
    assert "final.zip, TorchScript" in made.source
    assert made.notes[-1] == "its weights were read out of the TorchScript final.zip; the program in that was not run"


def test_probe_says_so(traced: Path) -> None:
    (found,) = (one for one in probe(traced / "voc") if one.format == "torchscript")
    assert (found.system, found.version, found.usable) == ("torchscript", "of hifigan", True)
    assert found.role == "vocoder (generator) as TorchScript"
    assert not found.missing


def test_what_is_missing_is_told_of_where_it_should_lie(traced: Path, tmp_path: Path) -> None:
    (tmp_path / "gen.pt").write_bytes((traced / "voc/final.zip").read_bytes())
    with pytest.raises(PortError, match=r"config.json: is missing") as raised:
        draft(tmp_path / "gen.pt")
    assert str(raised.value).startswith(f"{tmp_path}/config.json: ")


class Linear(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A net of nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute."""
        y: torch.Tensor = self.layer(x)
        return y


def test_one_of_nobody_needs_a_contract(tmp_path: Path) -> None:
    torch.jit.script(Linear()).save(str(tmp_path / "net.pt"))
    with pytest.raises(PortError, match=r"weights of no system that is known; .* tingshuo import net.pt --contract new"):
        draft(tmp_path / "net.pt")
    (found,) = probe(tmp_path / "net.pt")
    assert (found.system, found.usable) == ("pytorch", False)
    assert "--contract new" in found.what_next


@pytest.mark.parametrize("names", [(), ("a.pt", "b.pt")])
def test_a_folder_has_one(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        torch.jit.script(Linear()).save(str(tmp_path / name))
    with pytest.raises(PortError, match="holds a.pt, b.pt; give the path" if names else "holds no TorchScript"):
        draft(tmp_path)


class Tree(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Parameters under any names."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        super().__init__()
        below: dict[str, dict[str, torch.Tensor]] = {}
        for name, tensor in state.items():
            first, _, rest = name.partition(".")
            if rest:
                below.setdefault(first, {})[rest] = tensor
            else:
                self.register_buffer(first, tensor)
        for name, inner in below.items():
            self.add_module(name, Tree(inner))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Do nothing."""
        return x


@pytest.mark.slow
def test_the_runtime_export_of_a_recogniser_of_wenet(golden: Any, tmp_path: Path) -> None:
    files, folder = golden("wenet_u2pp_conformer").files, tmp_path / "runtime"
    shutil.copytree(files, folder)
    (checkpoint,) = folder.glob("*.pt")
    state = torch.load(checkpoint, weights_only=True)
    checkpoint.unlink()
    torch.jit.script(Tree(state)).save(str(folder / "final.zip"))
    expected, made = wenet.draft(files), draft(folder)
    assert (made.task, made.system, made.config) == ("asr", "wenet", expected.config)
    for name, tensor in expected.parts["recogniser"].tensors.items():
        np.testing.assert_array_equal(made.parts["recogniser"].tensors[name], tensor)
    assert [(one.system, one.version) for one in probe(folder) if one.usable] == [("torchscript", "of wenet U2++")]
