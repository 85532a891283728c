"""A voice by its contract: it is checked, tried, written, and says what its graph says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port.tiny_sherpa import (  # noqa: E402
    BANDS,
    HOP,
    N_FFT,
    VOCOS_HOP,
    contract,
    pinyin_tokens,
    read_ids,
    tiny_draft,
    whole_syllables,
    write_hifigan,
    write_matcha,
    write_tables,
    write_vits,
    write_vocos,
)

import tingshuo  # noqa: E402
from tingshuo.config.graph_voice import GraphVoiceConfig  # noqa: E402
from tingshuo.errors import ConfigError, PortError  # noqa: E402
from tingshuo.port.bundling import write_draft  # noqa: E402
from tingshuo.port.convert.graph_voice import graph_voice_draft  # noqa: E402
from tingshuo.port.draft import Draft  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402

pytestmark = pytest.mark.train


def draft(folder: Path, fields: dict[str, Any], **graphs: Path) -> Draft:
    models = {name: onnx.load(path) for name, path in graphs.items()}
    return graph_voice_draft(models, fields, name="v", licence=None, languages=(), source="c.yaml", folder=folder)


def test_a_voice_by_its_contract_says_the_symbols_of_a_sentence(tmp_path: Path):
    made = tiny_draft(tmp_path / "foreign")
    assert isinstance(made.config, GraphVoiceConfig)
    assert (made.config.inputs.draws, made.config.outputs.durations, made.config.frames.hop_length) == ("draws", "durations", HOP)
    assert made.notes == (
        "the random numbers that its graph drew itself are given to it now, so the same seed sounds the same",
        "its graph tells how long each symbol lasts, so words are timed",
    )
    errors = write_draft(made, tmp_path / "bundle").errors
    assert max(errors["acoustic"].values()) < -100
    voice = tingshuo.load(tmp_path / "bundle")
    model: Any = voice.model
    model.settings = model.settings.replace(scales=model.settings.scales.replace(noise=0.0, duration_noise=0.0), silence_s=0.0)
    speech = voice.synthesize("今天OK。")
    names = dict(enumerate(pinyin_tokens()))
    said = [names[row] for row in read_ids(speech.wav)]
    assert " ".join(token for token in said if token != "_") == "sil j in1 t ian1 OW K EY 。 sil"
    assert [word.text for word in speech.words] == ["今天", "OK"]
    assert speech.words[0].start_s == pytest.approx((2 + 3 + 2) * HOP / 16000)  # blank, begin, blank
    again, other = (tingshuo.load(tmp_path / "bundle").synthesize("今天。", seed=seed).wav for seed in (0, 1))
    np.testing.assert_array_equal(again, tingshuo.load(tmp_path / "bundle").synthesize("今天。").wav)
    assert len(again) != len(other) or not np.array_equal(again, other)
    assert len(open_bundle(tmp_path / "bundle").manifest.files) == 6


MATCHA = {
    "sample_rate": 22050,
    "inputs": {"symbols": "x", "lengths": "x_length", "noise": "noise_scale", "length": "length_scale"},
    "outputs": {"mel": "mel"},
    "text": {"kind": "lexicon", "tokens": "tokens.txt", "lexicon": "lexicon.txt", "blank": "_"},
}  # fmt: skip
VOCOS = {"mel": "mel", "magnitude": "mag", "cos": "x", "sin": "y", "n_fft": N_FFT, "hop_length": VOCOS_HOP}


def test_a_mel_goes_through_a_vocoder_that_is_streamed(tmp_path: Path):
    write_tables(tmp_path, *whole_syllables())
    acoustic = write_matcha(tmp_path / "a.onnx")
    transform = draft(tmp_path, {**MATCHA, "vocoder": VOCOS}, acoustic=acoustic, vocoder=write_vocos(tmp_path / "v.onnx"))
    samples = {**MATCHA, "vocoder": {"mel": "mel", "wav": "audio"}}
    made = draft(tmp_path, samples, acoustic=acoustic, vocoder=write_hifigan(tmp_path / "h.onnx"))
    for one, context, hop in ((transform, 1, VOCOS_HOP), (made, 2, HOP)):
        config = one.config
        assert isinstance(config, GraphVoiceConfig)
        assert config.vocoder is not None
        assert (config.vocoder.context_frames, config.frames.hop_length, config.outputs.durations) == (context, hop, "durations")
        assert f"its vocoder looks {context} frames around, so it is made piece by piece" in one.notes
    write_draft(made, tmp_path / "bundle")
    voice = tingshuo.load(tmp_path / "bundle")
    chunks = list(voice.stream("我们去公园。"))
    assert sum(len(chunk.wav) for chunk in chunks) == len(voice.synthesize("我们去公园。").wav)
    assert [word.text for word in voice.synthesize("我们去公园。").words] == ["我们", "去", "公园"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocoder": None}, "graphs of this voice are acoustic, and there are acoustic, vocoder"),
        ({"vocoder": {"mel": "mel", "wav": "y"}}, "the graph has no output 'y' for wav"),
        ({"outputs": {"wav": "mel"}}, "its graph gives samples, so its vocoder has nothing to do; leave it out"),
        ({"speakers": 3}, "there are 3 speakers, and no input that takes one; name it under inputs"),
        ({"inputs": {"symbols": "x"}}, r"its input 'x_length', int64 \(N\), has no part"),
        ({"text": {"kind": "characters", "tokens": {"a": 90000}}}, r"graph 'acoustic' cannot be run: .*90000"),
        ({"vocoder": {"mel": "mel", "wav": "audio"}, "bands": BANDS + 1}, "gives 8 mel bands and the vocoder takes 9"),
    ],
)
def test_what_does_not_fit_is_said_with_the_place(change: dict[str, Any], message: str, tmp_path: Path):
    bands = change.pop("bands", BANDS)
    write_tables(tmp_path, *whole_syllables())
    fields = {**MATCHA, "vocoder": {"mel": "mel", "wav": "audio"}, **change}
    graphs = {"acoustic": write_matcha(tmp_path / "a.onnx"), "vocoder": write_hifigan(tmp_path / "h.onnx", bands=bands)}
    with pytest.raises(PortError, match=message) as caught:
        draft(tmp_path, {key: value for key, value in fields.items() if value is not None}, **graphs)
    assert str(caught.value).startswith(f"{tmp_path}: ")


def test_a_mel_without_a_vocoder_is_refused(tmp_path: Path):
    write_tables(tmp_path, *whole_syllables())
    with pytest.raises(PortError, match="its graph gives a mel and no samples, so a vocoder has to be told too"):
        draft(tmp_path, MATCHA, acoustic=write_matcha(tmp_path / "a.onnx"))


def test_keys_that_there_are_not_are_refused(tmp_path: Path):
    graph = write_vits(tmp_path / "v.onnx", speakers=2, emotion=True)
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        draft(tmp_path, {**contract(), "loudness": 3}, acoustic=graph)
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        draft(tmp_path, {key: value for key, value in contract().items() if key != "text"}, acoustic=graph)


def test_a_graph_in_8_bits_stays_so_and_is_told(tmp_path: Path):
    path = write_vits(tmp_path / "v.onnx", speakers=2, emotion=True)
    model = onnx.load(path)
    model.graph.node.insert(0, onnx.helper.make_node("DynamicQuantizeLinear", ["noise_scale"], ["q", "s", "z"]))
    onnx.save(model, path)
    assert "its acoustic graph counts in 8 bits and stays so" in draft(tmp_path, contract(), any=path).notes[0]


def test_random_numbers_that_no_seed_reaches_are_told(tmp_path: Path):
    path = write_vits(tmp_path / "v.onnx", speakers=2, emotion=True)
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type == "RandomNormalLike":
            node.op_type = "RandomUniformLike"
    onnx.save(model, path)
    made = draft(tmp_path, contract(), any=path)
    assert "its graph draws random numbers that no seed reaches, so no two runs of it sound quite the same" in made.notes
    write_draft(made, tmp_path / "bundle")
