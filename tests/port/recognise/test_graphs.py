"""What an ONNX file says of itself decides whose it is; one that says nothing is shown, with the way on."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tingshuo.port.importers import sherpa_asr_funasr, sherpa_tts
from tingshuo.port.recognise.graphs import describe_graph
from tingshuo.port.recognise.onnx_head import OnnxHead


def head(*inputs: str, outputs: tuple[str, ...] = ("y",), **metadata: str) -> OnnxHead:
    types = dict.fromkeys((*inputs, *outputs), "float32")
    return OnnxHead("", 17, dict.fromkeys(inputs, (1, "T")), dict.fromkeys(outputs, (1, 80, "F")), metadata, Counter(), types)


def describe(outline: OnnxHead, folder: Path) -> Any:
    return describe_graph(folder / "net.onnx", "onnx", outline)


def test_one_of_nobody_shows_what_goes_in_and_out(tmp_path: Path) -> None:
    found = describe(head("x", license="MIT", sample_rate="22050", table="1," * 99), tmp_path)
    assert (found.system, found.role, found.usable, found.licence, found.sample_rate) == ("", "a graph", False, "MIT", 22050)
    assert dict(found.details)["table"] == "1," * 30 + "..."
    assert dict(found.details)["outputs"] == "y float32 [1, 80, F]"
    assert found.what_next.startswith("takes x float32 [1, T] and gives y float32 [1, 80, F]; with a contract")
    assert "tingshuo import net.onnx --contract new prints one to fill in (new:TASK" in found.what_next
    assert found.what_next.endswith("a task: asr, tts or vocoder)")
    assert describe(head("x", license="Apache License " * 99), tmp_path).licence == "Apache License " * 4 + "..."


@pytest.mark.parametrize("rate", ["", "fast", "２２"])
def test_a_rate_that_is_no_number(rate: str, tmp_path: Path) -> None:
    assert describe(head("x", sample_rate=rate), tmp_path).sample_rate is None


@pytest.mark.parametrize(
    ("outline", "system", "version", "role"),
    [
        (head("x", "x_lengths", model_type="vits", comment="x"), "sherpa-tts", "vits", "voice"),
        (head("x", n_speakers="1", sample_rate="22050", comment="coqui"), "sherpa-tts", "vits", "voice"),
        (
            head("x", "x_lens", outputs=("a", "b"), model_type="zipformer2_ctc"),
            "sherpa-asr",
            "zipformer2_ctc",
            "speech recogniser",
        ),
        (head("mels", model_type="vocos"), "sherpa-tts", "vocos", "vocoder"),
    ],
)
def test_models_of_sherpa(
    outline: OnnxHead, system: str, version: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sherpa_tts, "find", lambda path: path)
    found = describe(outline, tmp_path)
    assert (found.system, found.version, found.role) == (system, version, role)
    assert found.usable == (role != "vocoder")


def test_what_cannot_be_imported_is_told_by_its_kind(tmp_path: Path) -> None:
    for outline in (head("x", model_type="whisper-tiny"), head("encoder_out", "decoder_out")):
        found = describe(outline, tmp_path)
        assert (found.system, found.usable) == ("sherpa-asr", False)
        assert found.what_next.endswith("which is not supported")
    voice = describe(head("x", model_type="kokoro"), tmp_path)
    assert (voice.system, voice.version, voice.usable) == ("sherpa-tts", "kokoro", False)


def test_a_graph_of_funasr_is_one_beside_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outline = head("speech", "speech_lengths", outputs=("logits", "token_num"))
    assert describe(outline, tmp_path).system == ""
    (tmp_path / "config.yaml").touch()
    found = describe(outline, tmp_path)
    assert (found.system, found.version, found.usable) == ("sherpa-asr", "funasr", True)
    assert (tmp_path / sherpa_asr_funasr.CONFIG).is_file()
    monkeypatch.setitem(sys.modules, "tingshuo.port.importers.sherpa_asr_funasr", None)
    assert "pip install 'tingshuo[train]'" in describe(outline, tmp_path).what_next


def test_a_vocoder_goes_into_the_folder_of_its_voice(tmp_path: Path) -> None:
    assert describe(head("mels", model_type="hifigan"), tmp_path).what_next.startswith("goes with a Matcha voice: put it into")


@pytest.mark.parametrize(
    ("inputs", "system"),
    [
        (("phone", "phone_lengths", "pitch", "pitchf"), "rvc"),
        (("feats", "p_len"), "rvc"),
        (("c", "f0", "mel2ph", "uv"), "so-vits-svc"),
    ],
)
def test_conversions(inputs: tuple[str, ...], system: str, tmp_path: Path) -> None:
    found = describe(head(*inputs), tmp_path)
    assert (found.system, found.usable) == (system, False)
    assert "import the .pth" in found.what_next
