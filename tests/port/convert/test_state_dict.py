"""Weights of a net of ours become a bundle with our config; nothing is missing and nothing is left over unsaid."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from safetensors.torch import save_file  # noqa: E402
from tests.port.tiny_vocoders import HIFIGAN_TINY, MEL_TINY, spelt  # noqa: E402

from tingshuo.config.families import read_config  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.port.convert.state_dict import draft  # noqa: E402
from tingshuo.port.families import build_nets, fill, sizes  # noqa: E402
from tingshuo.port.importing import import_checkpoint  # noqa: E402
from tingshuo.tasks.voices import load  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("in_process")]


@pytest.fixture(scope="module")
def net() -> Any:
    torch.manual_seed(0)
    return HiFiGan(HIFIGAN_TINY).eval()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    told = {"family": "vocoder+hifigan", "mel": MEL_TINY.fields(), "architecture": sizes("hifigan", HIFIGAN_TINY)}
    (tmp_path / "config.json").write_text(json.dumps(told))
    return tmp_path / "config.json"


def behind(begin: str, state: Any) -> dict[str, Any]:
    return {f"{begin}{name}": tensor for name, tensor in state.items()}


def saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


@pytest.mark.parametrize("spelling", ["old", "new", "plain"])
@pytest.mark.parametrize("begin", ["", "module.", "model.generator."])
def test_every_begin_and_spelling(begin: str, spelling: str, net: Any, config: Path, tmp_path: Path) -> None:
    made = draft(saved(tmp_path / "w.pth", behind(begin, spelt(net, spelling))), config)
    assert (made.task, made.name, made.languages, made.config.family) == ("vocoder", "w", ("zxx",), "vocoder+hifigan")
    assert made.notes == ((f"the tensors of vocoder stand behind {begin.rstrip('.')} in w.pth",) if begin else ())
    (built,) = build_nets(made.config.architecture)  # type: ignore[attr-defined]
    filled = fill(built, made.parts["vocoder"].tensors).net
    for name, tensor in net.state_dict().items():
        np.testing.assert_allclose(filled.state_dict()[name].numpy(), tensor.numpy(), rtol=1e-5)


def test_safetensors_and_folders(net: Any, config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    save_file(net.state_dict(), folder / "anything.bin")  # known by what is in it
    assert draft(folder / "anything.bin", config).parts["vocoder"].report.n_used == len(net.state_dict())
    assert draft(folder, config).name == "mine"
    saved(folder / "other.pt", {"a": torch.zeros(1)})
    with pytest.raises(
        PortError, match=r"has no file vocoder.pth, .pt, .ckpt or .safetensors, or several; .* there is anything.bin, other.pt"
    ):
        draft(folder, config)
    saved(folder / "vocoder.ckpt", net.state_dict())
    assert draft(folder, config).parts["vocoder"].report.left_out == ()


def test_what_lies_elsewhere_in_the_file_is_left_out_and_named(net: Any, config: Path, tmp_path: Path) -> None:
    beside = {"optimizer": {"state": {0: {"exp_avg": torch.zeros(2)}}}, "epoch": 3, "n_averaged": torch.zeros(1)}
    made = draft(saved(tmp_path / "w.pth", {"generator": net.state_dict(), **beside}), config)
    assert made.parts["vocoder"].report.left_out == ("optimizer.state.0.exp_avg", "n_averaged")


def test_averaged_weights(net: Any, config: Path, tmp_path: Path) -> None:
    other = {name: tensor + 1 for name, tensor in net.state_dict().items()}
    path = saved(tmp_path / "w.pth", {"model": net.state_dict(), "ema": other})
    made = draft(path, config)
    assert made.notes == (
        "the tensors of vocoder stand behind ema in w.pth",
        "w.pth has them behind model as well; --voice chooses",
    )
    np.testing.assert_array_equal(made.parts["vocoder"].tensors["conv_pre.bias"], other["conv_pre.bias"].numpy())
    asked = draft(path, config, "model")
    np.testing.assert_array_equal(asked.parts["vocoder"].tensors["conv_pre.bias"], net.state_dict()["conv_pre.bias"].numpy())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conv_pre.bias": None}, "1 missing: conv_pre.bias"),
        ({"conv_pre.bias": torch.zeros(3)}, r"1 of another shape: conv_pre.bias \(3,\) instead of \(16,\)"),
        ({"extra.weight": torch.zeros(3)}, "1 without a place: extra.weight"),
        ({"conv_pre.bias": torch.zeros(16, dtype=torch.int8)}, "1 no fractions: conv_pre.bias int8"),
        ({"conv_pre.bias": torch.full((16,), float("nan"))}, "has a NaN or an infinity in conv_pre.bias"),
    ],
)
def test_what_does_not_fit_is_told_by_name(change: dict[str, Any], message: str, net: Any, config: Path, tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in {**net.state_dict(), **change}.items() if tensor is not None}
    with pytest.raises(PortError, match=message):
        draft(saved(tmp_path / "w.pth", state), config)


def test_files_of_another_kind(config: Path, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("hello")
    with pytest.raises(PortError, match="w: is text, and --config is for weights"):
        draft(tmp_path / "w", config)
    (tmp_path / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    with pytest.raises(PortError, match=r"is tflite, and --config is for weights: .*; give a graph with --contract"):
        draft(tmp_path / "m.tflite", config)
    with pytest.raises(PortError, match="none: there is no such file or folder"):
        draft(tmp_path / "none", config)


def test_two_nets_in_one_file(tmp_path: Path) -> None:
    architecture = {"sambert.tables": [9], "sambert.emotions": 2, "sambert.speakers": 0, "kan_hifigan.channels": 16}
    told = {
        "family": "sambert+kan_hifigan",
        "speakers": [{"name": "F7", "gender": "female"}],
        "styles": [{"name": "natural", "description": "x"}],
        "frames": {"sample_rate": 16000, "hop_length": 200},
        "has_mask": True,
        "reads_bytes": False,
        "architecture": architecture | SMALL,
    }
    (tmp_path / "c.json").write_text(json.dumps(told))
    config = tmp_path / "c.json"
    nets = {built.part: built for built in build_nets(whole(config))}
    state = {
        part: {name: torch.zeros(tensor.shape) for name, tensor in built.net.state_dict().items()} for part, built in nets.items()
    }
    with pytest.raises(PortError, match=r"1 missing: speakers.weight|1 missing: .*speaker"):
        draft(saved(tmp_path / "w.pth", state), config)
    from tingshuo.tasks.sambert.model import SPEAKER_TABLE

    state["acoustic"][SPEAKER_TABLE] = torch.zeros(1, 32)
    made = draft(saved(tmp_path / "w.pth", state), config)
    assert {part: one.report.left_out for part, one in made.parts.items()} == {"acoustic": (), "vocoder": ()}
    assert made.task == "tts"
    state["vocoder"]["more"] = torch.zeros(1)
    with pytest.raises(PortError, match=r"1 without a place: vocoder.more"):
        draft(saved(tmp_path / "w.pth", state), config)


SMALL = {"sambert.encoder_layers": 1, "sambert.decoder_layers": 1, "sambert.embedding": 16, "sambert.encoder_hidden": 16,
         "sambert.decoder_hidden": 16, "sambert.postnet_layers": 1, "sambert.predictor_layers": 1}  # fmt: skip


def whole(path: Path) -> Any:
    from tingshuo.port.convert.family_config import read_family_config

    return read_family_config(path).architecture  # type: ignore[attr-defined]


def test_a_voice_of_ours_speaks_again_from_weights_and_config_alone(tiny: Any, tmp_path: Path) -> None:
    config, nets = tiny
    folder = tmp_path / "mine"
    folder.mkdir()
    saved(folder / "acoustic.pth", nets.acoustic.state_dict())
    saved(folder / "vocoder.pth", nets.vocoder.state_dict())
    follows = ("pitch_context_frames", "decoder_context_frames", "vocoder_context_frames", "steady_noise")
    told = {key: value for key, value in config.fields().items() if key not in follows}
    (tmp_path / "config.json").write_text(json.dumps(told))
    made = import_checkpoint(folder, tmp_path / "voice", config=tmp_path / "config.json", licence="CC0-1.0")
    assert made.errors.keys() == {"encoder", "pitch", "decoder", "vocoder"}
    assert read_config(made.path / "config.json", config.family) == config
    assert np.abs(load(made.path).synthesize("你好").wav).max() > 0
