"""Folders of sherpa-onnx become voices; their symbols are those that sherpa-onnx 2.0.1 was heard to say of the same folders."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port.tiny_sherpa import (
    LAYOUTS,
    initials_and_finals,
    read_ids,
    read_tones,
    whole_syllables,
    with_tones,
    write_hifigan,
    write_layout,
    write_matcha,
    write_tables,
    write_vits,
    write_vocos,
)

import tingshuo
from tingshuo.config.graph_voice import GraphVoiceConfig
from tingshuo.errors import PortError
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert.sherpa_tts import MATCHA_MEL, draft, vocoder_roles
from tingshuo.port.importers.sherpa_tts import Graph
from tingshuo.port.recognise.onnx_head import read_onnx_head

pytestmark = pytest.mark.train
ICEFALL = {
    "model_type": "vits",
    "comment": "icefall",
    "language": "Chinese",
    "n_speakers": 3,
    "sample_rate": 16000,
    "add_blank": 1,
}
BAKER = {"model_type": "matcha-tts", "language": "Chinese", "jieba": 1, "n_speakers": 1, "sample_rate": 22050, "pad_id": 0}
MELO = {
    "model_type": "melo-vits", "comment": "melo", "language": "Chinese + English", "add_blank": 1, "n_speakers": 1, "jieba": 1,
    "sample_rate": 44100, "speaker_id": 1, "license": "MIT license",
}  # fmt: skip
GOLDEN: dict[str, dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_name("sherpa_tts_golden.json").read_text("utf-8"))
"""What sherpa-onnx 2.0.1 said with the voices of ``tiny_sherpa.LAYOUTS``."""

EQUAL = ("今天天气真好。", "我们去公园吧！", "你是谁？")
ENDS = {"icefall": (" sil sil sil eos sil", " sil eos sil sil sil sil sil sil eos sil")}
"""The end of a sentence here and there, where a full stop is dropped and an empty sentence follows."""

OURS = {
    "你好吗？": "_ ni2 _ hao3 _ ma _ ? _",
    "豆腐是好东西。": "_ dou4 _ fu _ shi4 _ hao3 _ dong1 _ xi _ . _",
    "银行行长说不行。": "_ yin2 _ hang2 _ hang2 _ zhang3 _ shuo1 _ bu4 _ xing2 _ . _",
    "一天长大了。": "_ yi4 _ tian1 _ zhang3 _ da4 _ le _ . _",
}
"""What is said here where the lexicon alone does not know better: sandhi, neutral tones, characters of several readings."""


def settings_of(made: Any) -> GraphVoiceConfig:
    assert isinstance(made.config, GraphVoiceConfig)
    return made.config


def quiet(bundle: Path) -> Any:
    """Return a voice that draws no noise and adds no silence."""
    voice = tingshuo.load(bundle)
    model: Any = voice.model
    model.settings = model.settings.replace(scales=model.settings.scales.replace(noise=0.0, duration_noise=0.0), silence_s=0.0)
    return voice


@pytest.mark.parametrize("layout", LAYOUTS)
def test_symbols_are_those_of_sherpa_onnx(layout: str, tmp_path: Path):
    folder = tmp_path / layout
    folder.mkdir()
    tokens = write_layout(layout, folder)
    write_draft(draft(folder), tmp_path / "bundle")
    voice = quiet(tmp_path / "bundle")
    end, theirs = ENDS.get(layout, ("", ""))
    for text in (*EQUAL, *(OURS if layout == "matcha" else ())):
        wav, golden = voice.synthesize(text).wav, GOLDEN[layout][text]
        symbols = " ".join(tokens[row] for row in read_ids(wav))
        assert symbols.endswith(end)
        assert golden["symbols"].endswith(theirs)
        expected = OURS.get(text) or golden["symbols"].removesuffix(theirs) + end
        assert (symbols, read_tones(wav)) == (expected, golden["tones"])
        assert (symbols == golden["symbols"]) == (text in EQUAL and not end)


def test_a_voice_of_several_speakers_has_them(tmp_path: Path):
    folder = tmp_path / "vits-icefall-zh-aishell3"
    folder.mkdir()
    write_layout("icefall", folder)
    made = draft(folder)
    assert (made.name, made.system, made.languages, made.licence) == ("vits-icefall-zh-aishell3", "sherpa-tts", ("zh-CN",), None)
    assert [one.name for one in made.config.speakers] == ["0", "1", "2"]
    write_draft(made, tmp_path / "bundle")
    voice = quiet(tmp_path / "bundle")
    text = "今天，天气真好，"
    assert abs(voice.synthesize(text, speaker="2").wav * 3 - voice.synthesize(text).wav).max() < 1e-4


def test_a_matcha_takes_the_vocoder_beside_it(tmp_path: Path):
    write_matcha(tmp_path / "model-steps-3.onnx", **BAKER, dataset_comment="The dataset is for non-commercial use only.")
    write_tables(tmp_path, *whole_syllables())
    write_vocos(tmp_path / "vocos-22khz-univ.onnx")
    made = draft(tmp_path)
    config = settings_of(made)
    assert config.vocoder is not None
    assert (config.vocoder.magnitude, config.vocoder.context_frames, config.mel) == ("mag", 1, MATCHA_MEL)
    assert "its metadata name the terms of the data: The dataset is for non-commercial use only." in made.notes
    assert "its vocoder is vocos-22khz-univ.onnx, which lay beside it" in made.notes
    assert set(made.graphs) == {"acoustic", "vocoder"}


def test_a_melo_has_tones_two_languages_and_the_licence_of_its_metadata(tmp_path: Path):
    write_vits(tmp_path / "model.onnx", tones=True, **MELO)
    write_tables(tmp_path, *with_tones())
    made = draft(tmp_path / "model.onnx")
    assert (made.licence, made.languages) == ("MIT", ("zh-CN", "en-US"))
    write_draft(made, tmp_path / "bundle")
    voice = tingshuo.load(tmp_path / "bundle")
    assert voice.model.english
    assert [word.text for word in voice.synthesize("你好machine。").words] == ["你好", "machine"]


def test_a_voice_of_piper_with_its_settings_is_that_of_piper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    graph = write_vits(tmp_path / "v.onnx", vector=True, **{**ICEFALL, "comment": "piper"})
    graph.with_name("v.onnx.json").write_text("{}")
    from tingshuo.port.convert import piper

    monkeypatch.setattr(piper, "draft", lambda path: ("piper", path))
    assert draft(tmp_path) == ("piper", graph)


def test_a_voice_of_piper_without_its_settings_is_known_by_its_metadata(tmp_path: Path):
    write_vits(
        tmp_path / "v.onnx", vector=True, **{**ICEFALL, "comment": "piper", "n_speakers": 1, "voice": "cmn", "has_espeak": 1}
    )
    write_tables(tmp_path, ["_", "^", "$", " ", *"ˈχɑuniɜ2ʃ.。"])
    made = draft(tmp_path)
    assert (settings_of(made).text.kind, settings_of(made).text.espeak_voice, settings_of(made).inputs.scales) == (
        "piper",
        "cmn",
        "scales",
    )
    write_draft(made, tmp_path / "bundle")
    assert len(tingshuo.load(tmp_path / "bundle").synthesize("你好。").words) == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sample_rate": ""}, r"m\.onnx: has no 'sample_rate' in its metadata; sherpa-onnx needs it too"),
        ({"n_speakers": 200000}, r"m\.onnx: says it has 200000 speakers, which is no voice"),
    ],
)
def test_metadata_that_cannot_be_are_refused(said: dict[str, Any], message: str, tmp_path: Path):
    write_vits(tmp_path / "m.onnx", **{**ICEFALL, **said})
    write_tables(tmp_path, *initials_and_finals())
    with pytest.raises(PortError, match=message):
        draft(tmp_path)


def test_what_is_missing_is_said(tmp_path: Path):
    write_vits(tmp_path / "m.onnx", **ICEFALL)
    with pytest.raises(
        PortError, match=r"tokens\.txt: is missing, without which nobody knows the symbols of the voice; put it there"
    ):
        draft(tmp_path)
    with pytest.raises(PortError, match="import it, then choose its speakers with --speaker"):
        draft(tmp_path, "amy")


def test_bands_of_another_mel_are_refused(tmp_path: Path):
    write_matcha(tmp_path / "m.onnx", **BAKER)
    write_tables(tmp_path, *whole_syllables())
    write_hifigan(tmp_path / "hifigan_v2.onnx", bands=7)
    with pytest.raises(PortError, match=r"m\.onnx: the acoustic graph gives 8 mel bands and the vocoder takes 7"):
        draft(tmp_path)


@pytest.mark.parametrize(
    ("said", "message"),
    [({"center": 0}, "is not centred"), ({"win_length": 12}, "is not centred"), ({"n_fft": "many"}, "says n_fft 'many'")],
)
def test_a_transform_that_cannot_be_inverted_is_refused(said: dict[str, Any], message: str, tmp_path: Path):
    path = write_vocos(tmp_path / "v.onnx", **said)
    with pytest.raises(PortError, match=message):
        vocoder_roles(Graph(path, read_onnx_head(path)))
