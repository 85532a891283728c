"""Which files are a voice of sherpa-onnx, and a sentence for each that is not one, or not all of one."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

from tests.port.tiny_sherpa import FLOAT, Builder, write_hifigan, write_matcha, write_vits, write_vocos

from tingshuo.errors import PortError
from tingshuo.port.importers.sherpa_tts import MATCHA, VITS, find, is_voice, vocoder_of
from tingshuo.port.recognise.onnx_head import read_onnx_head

pytestmark = pytest.mark.train
ICEFALL = {"model_type": "vits", "comment": "icefall", "language": "Chinese", "n_speakers": 1, "sample_rate": 16000}
BAKER = {"model_type": "matcha-tts", "language": "Chinese", "jieba": 1, "n_speakers": 1, "sample_rate": 22050, "pad_id": 0}


def other(path: Path, integer: bool = False, **said: Any) -> Path:
    """A graph that does nothing, in integers if asked for."""
    make = Builder()
    if integer:
        make("DynamicQuantizeLinear", "x", out="q")
    make("Identity", "x", out="y")
    return make.save(path, {"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])}, **said)


def test_a_voice_is_found_by_its_folder_or_its_file(tmp_path: Path):
    graph = write_vits(tmp_path / "model.onnx", **ICEFALL)
    for path in (tmp_path, graph):
        found = find(path)
        assert (found.kind, found.acoustic.path, found.vocoder, found.needs_vocoder) == (VITS, graph, None, False)
        assert vocoder_of(found) is None
    assert find(write_vits(tmp_path / "old.onnx", comment="hf", n_speakers=1, sample_rate=1)).kind == VITS


def test_float32_and_three_steps_are_taken_and_the_others_told(tmp_path: Path):
    for steps in (2, 3, 6):
        write_matcha(tmp_path / f"model-steps-{steps}.onnx", **BAKER)
    write_vocos(tmp_path / "vocos.onnx")
    found = find(tmp_path)
    assert (found.kind, found.acoustic.path.name, found.others) == (
        MATCHA,
        "model-steps-3.onnx",
        ("model-steps-2.onnx", "model-steps-6.onnx"),
    )
    assert (
        "model-steps-3.onnx was taken; model-steps-2.onnx, model-steps-6.onnx can be imported by their own paths"
        in found.notes()[-1]
    )
    two = tmp_path / "two"
    two.mkdir()
    other(two / "model.int8.onnx", integer=True, **ICEFALL)
    write_vits(two / "model.onnx", **ICEFALL)
    assert find(two).acoustic.path.name == "model.onnx"
    assert find(two / "model.int8.onnx").acoustic.integer


def test_a_vocoder_lies_beside_the_voice_or_above_it_and_vocos_of_its_rate_is_best(tmp_path: Path):
    voice = tmp_path / "voice"
    voice.mkdir()
    write_matcha(voice / "m.onnx", **BAKER)
    write_vocos(tmp_path / "vocos-22khz-univ.onnx")
    vocoder = find(voice).vocoder
    assert vocoder is not None
    assert vocoder.path.name == "vocos-22khz-univ.onnx"
    write_hifigan(voice / "hifigan_v2.onnx")
    write_vocos(voice / "vocos-16khz-univ.onnx", rate=16000)
    found = find(voice)
    chosen = vocoder_of(found)
    assert chosen is not None
    assert chosen.path.name == "hifigan_v2.onnx"
    write_vocos(voice / "vocos.onnx")
    best = find(voice).vocoder
    assert best is not None
    assert best.path.name == "vocos.onnx"


def test_a_matcha_without_a_vocoder_says_where_one_is(tmp_path: Path):
    write_matcha(tmp_path / "m.onnx", **BAKER)
    with pytest.raises(
        PortError,
        match=r"m\.onnx: gives a mel and no samples, .* put vocos-22khz-univ\.onnx or hifigan_v2\.onnx .*vocoder-models",
    ):
        vocoder_of(find(tmp_path))
    write_vocos(tmp_path / "v.onnx", rate=16000)
    with pytest.raises(PortError, match=r"v\.onnx: makes sound at 16000 Hz, and the voice m\.onnx speaks at 22050 Hz"):
        vocoder_of(find(tmp_path))


def test_metadata_are_told_and_the_licence_is_theirs_or_beside_them(tmp_path: Path):
    write_vits(tmp_path / "model.onnx", **ICEFALL, license="MIT license", dataset="aishell3", model_author="somebody")
    (tmp_path / "date.fst").write_bytes(b"")
    (tmp_path / "rule.far").write_bytes(b"")
    found = find(tmp_path)
    assert found.licence() == "MIT"
    assert found.notes() == (
        "its metadata name the author: somebody", "its metadata name the data: aishell3",
        "date.fst, rule.far are not used: numbers, dates and polyphones are read by our own front end",
    )  # fmt: skip
    write_vits(tmp_path / "model.onnx", **ICEFALL)
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n", "utf-8")
    assert find(tmp_path).licence() == "CC-BY-4.0"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"model_type": "kokoro"}, "m.onnx: is a Kokoro voice of sherpa-onnx, which is not supported; VITS and Matcha are"),
        ({"model_type": "vocos"}, "m.onnx: is a vocoder, not a voice; put it beside a Matcha voice and import that"),
        (
            {"model_type": "zipformer2"},
            "has no voice of sherpa-onnx: .* found is zipformer2; a contract says what any graph takes",
        ),
        ({}, "found is none"),
    ],
)
def test_what_is_no_voice_is_said(said: dict[str, str], message: str, tmp_path: Path):
    other(tmp_path / "m.onnx", **said)
    with pytest.raises(PortError, match=message):
        find(tmp_path)


def test_what_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(PortError, match=r"is not there; give the \.onnx of a voice or its folder"):
        find(tmp_path / "none")
    with pytest.raises(PortError, match=r"has no \.onnx in it"):
        find(tmp_path)
    (tmp_path / "m.onnx").write_bytes(b"nothing")
    with pytest.raises(PortError, match=r"m\.onnx: cannot be read as an ONNX graph"):
        find(tmp_path)
    write_vits(tmp_path / "m.onnx", **ICEFALL)
    write_vits(tmp_path / "n.onnx", **ICEFALL)
    with pytest.raises(PortError, match=r"holds 2 voices \(m\.onnx, n\.onnx\); give the path of one of them"):
        find(tmp_path)


def test_numbers_are_numbers(tmp_path: Path):
    write_vits(tmp_path / "model.onnx", **{**ICEFALL, "sample_rate": "fast", "n_speakers": 10**12})
    found = find(tmp_path)
    assert found.number("add_blank", 0) == 0
    with pytest.raises(PortError, match="says sample_rate 'fast', which is no number; sherpa-onnx needs it too"):
        found.number("sample_rate")
    with pytest.raises(PortError, match="says n_speakers '1000000000000'"):
        found.number("n_speakers")
    with pytest.raises(PortError, match="has no 'pad_id' in its metadata"):
        found.number("pad_id")


def test_probe_can_ask_whether_a_graph_is_a_voice(tmp_path: Path):
    assert is_voice(read_onnx_head(write_vits(tmp_path / "a.onnx", **ICEFALL)))
    assert is_voice(read_onnx_head(other(tmp_path / "b.onnx", model_type="kokoro")))
    assert not is_voice(
        read_onnx_head(other(tmp_path / "c.onnx", model_type="paraformer", comment="x", n_speakers=1, sample_rate=1))
    )
