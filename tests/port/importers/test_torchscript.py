"""The program of a module is read as text and told apart; it is run in a locked process alone, which has tests of its own."""

import json
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.errors import PortError, VerifyError  # noqa: E402
from tingshuo.port.importers import torchscript, torchscript_child  # noqa: E402
from tingshuo.port.importers.contract import Calls  # noqa: E402
from tingshuo.port.importers.torchscript import arguments_of, to_onnx  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")]
CALLS = Calls.check({"inputs": [{"name": "x", "dtype": "float32", "shape": [1, "T"]}], "outputs": ["y"]}, "")


class Doubles(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A module."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Twice."""
        return x + x


class Draws(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A module that is never the same."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """With noise."""
        return x + torch.rand_like(x)


class Maps(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A module that maps a file, and makes it where there is none."""

    def forward(self, x: torch.Tensor, count: int) -> torch.Tensor:
        """Of a file."""
        return x + torch.from_file("pwned", True, 4)


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Save a module as TorchScript."""

    def save(module: Any) -> Path:
        torch.jit.script(module).save(str(tmp_path / "net.pt"))
        return tmp_path / "net.pt"

    return save


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the child's work in this process, without walls."""

    def run(path: Path, folder: Path) -> None:
        module = torch.jit.load(str(path)).eval()
        calls = Calls.check(json.loads((folder / torchscript_child.CALLS).read_text()), "")
        np.savez(folder / torchscript_child.EXAMPLES, **torchscript_child.run_examples(module, calls))
        (folder / torchscript_child.MODEL).write_bytes(torchscript_child.export(module, calls))

    monkeypatch.setattr(torchscript, "run_child", run)


@pytest.mark.usefixtures("here")
def test_a_module_becomes_a_graph_that_makes_the_same(saved: Any) -> None:
    model, error_db = to_onnx(saved(Doubles()), CALLS)
    assert [node.op_type for node in model.graph.node] == ["Add"]
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_param
    assert error_db < -120


@pytest.mark.usefixtures("here")
def test_one_that_draws_cannot_be_proved(saved: Any) -> None:
    with pytest.raises(VerifyError, match=r"net.pt: as ONNX its output 'y' differs by .* it draws random numbers"):
        to_onnx(saved(Draws()), CALLS)


def test_one_that_reaches_for_files_is_not_run(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchscript, "run_child", lambda *_: pytest.fail("it was run"))
    with pytest.raises(PortError, match=r"net.pt: calls torch.from_file, which reads or writes files, so it is not run"):
        to_onnx(saved(Maps()), CALLS)


def test_one_that_needs_another_library_is_not_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
        archive.writestr("net/code/__torch__.py", "    y = ops.torchaudio.sox_effects(x)\n")
    with pytest.raises(PortError, match=r"calls ops.torchaudio.sox_effects, of a library that is not here"):
        to_onnx(tmp_path / "net.pt", CALLS)


def test_what_the_program_shows_of_its_arguments(saved: Any, tmp_path: Path) -> None:
    assert arguments_of(saved(Maps())) == ("x: Tensor", "count: int")
    with zipfile.ZipFile(tmp_path / "bare.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
    assert arguments_of(tmp_path / "bare.pt") == ()


@pytest.mark.parametrize(
    ("done", "left", "message"),
    [
        ((1, b""), "RuntimeError: no such operator", "net.pt: cannot be made ONNX: RuntimeError: no such operator"),
        ((-11, b""), "", "cannot be made ONNX: it ended with -11, in a process of its own; nothing else was touched"),
        ((1, b"Traceback\nMemoryError\n"), "", "cannot be made ONNX: MemoryError, in a process of its own"),
    ],
)
def test_how_the_process_ends(
    done: tuple[int, bytes], left: str, message: str, saved: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(command: list[str], **options: Any) -> Any:
        assert "HOME" not in options["env"]
        (Path(command[-1]) / torchscript_child.ERROR).write_text(left)
        return SimpleNamespace(returncode=done[0], stderr=done[1])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(PortError, match=message):
        to_onnx(saved(Doubles()), CALLS)
