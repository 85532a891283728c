"""A voice of somebody else's graphs speaks sentence by sentence, times its words where it can, and says what it cannot do."""

from typing import Any

import numpy as np
import pytest

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.graph_voice import GraphVoiceConfig, InputsConfig, OutputsConfig, TextConfig, VocoderRoles
from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.tasks.graph_voice.model import GraphVoice
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import GraphSpec, SpeechRequest

HOP, RATE, BANDS = 4, 400, 3
SOUNDS = {"n_i2": (1, 2), "h_ao3": (3, 4), "x_ie4": (5, 6), "x_ie5": (5, 6), "n_i3": (1, 2)}
TEXT = TextConfig(kind="sounds", tokens={"_": 0, "，": 7, "。": 8}, sounds=SOUNDS, blank=0)
INPUTS = InputsConfig(symbols="x", speaker="sid", emotion="e", length="length", noise="noise", draws="draws")
SPEC = {
    "x": ("int64", (1, "L")), "sid": ("int64", (1,)), "e": ("int64", (1,)), "length": ("float32", (1,)),
    "noise": ("float32", (1,)), "draws": ("float32", ("K",)),
}  # fmt: skip


class Fake:
    """A graph that is a function."""

    def __init__(self, function: Any, inputs: dict[str, Any] | None = None) -> None:
        self.run, self.spec = function, GraphSpec(inputs or {}, {})


def acoustic(inputs: dict[str, Any]) -> dict[str, Any]:
    """Three frames a symbol, at speed 1; a sample is its id, who speaks, and noise."""
    n = inputs["x"].shape[1]
    durations = np.full((1, 1, n), 3 * inputs["length"][0] if "length" in inputs else 3.0)
    frames = np.repeat(inputs["x"][0], np.rint(durations[0, 0]).astype(int))
    level = 0.01 * frames + 0.1 * inputs.get("sid", np.zeros(1))[0] + 0.2 * inputs.get("e", np.zeros(1))[0]
    if "draws" in inputs:
        level = level + 0.01 * inputs["noise"][0] * inputs["draws"][: len(frames)]
    mel = np.tile(level, (BANDS, 1))
    return {"y": np.repeat(level, HOP)[None].astype(np.float32), "m": mel[None].astype(np.float32), "w": durations}


def voice(**changes: Any) -> GraphVoice:
    config = GraphVoiceConfig(
        family="graph_voice", speakers=(PersonConfig("a", "unspecified"), PersonConfig("b", "unspecified")), styles=ONE_STYLE,
        emotions=("neutral", "sad"), frames=FrameConfig(RATE, HOP), inputs=INPUTS, outputs=OutputsConfig(wav="y", durations="w"),
        text=TEXT,
    ).replace(**changes)  # fmt: skip
    vocoder = Fake(lambda given: {"wav": np.repeat(given["mel"][0, 0], HOP)[None]})
    spec = {name: kind for name, kind in SPEC.items() if name in config.inputs.fields().values()}
    return GraphVoice("tiny", config, {"acoustic": Fake(acoustic, spec), "vocoder": vocoder}, {})  # type: ignore[dict-item]


def spoken(model: GraphVoice, text: str, start_samples: int = 0, **controls: Any):
    performer = model.prepare(SpeechRequest(text=text, **controls))
    sentence = next(Frontend(english=model.english, first_budget=0).sentences(text))
    performance = performer.perform(sentence, start_samples, Stopwatch())
    return performer, performance, np.concatenate(list(performance.samples()))


def test_words_are_timed_by_the_durations_of_their_symbols():
    _, performance, wav = spoken(voice(), "你好，谢谢你。")
    words = performance.timed.words
    assert [(word.text, word.start_s) for word in words] == [("你好", 0.03), ("谢谢", 0.33), ("你", 0.57)]
    assert [character.text for word in words for character in word.characters] == list("你好谢谢你")
    assert words[-1].end_s <= len(wav) / RATE
    later = spoken(voice(), "你好。", start_samples=RATE)[1]
    assert later.timed.start_s == pytest.approx(1.03)


def test_without_durations_a_line_is_timed_as_a_whole():
    _, performance, wav = spoken(voice(outputs=OutputsConfig(wav="y")), "你好。")
    assert (performance.timed.words, performance.timed.start_s) == ((), 0.0)
    assert performance.timed.end_s == pytest.approx((len(wav) - 0.2 * RATE) / RATE)


def test_a_mel_goes_through_the_vocoder_and_sounds_the_same():
    roles = VocoderRoles(mel="mel", wav="wav", context_frames=1)
    whole = voice(outputs=OutputsConfig(mel="m"), vocoder=roles)
    _, performance, wav = spoken(whole, "你好。" * 3)
    np.testing.assert_allclose(wav, spoken(voice(), "你好。" * 3)[2], atol=1e-6)
    assert performance.timed.end_s == pytest.approx((len(wav) - 0.2 * RATE) / RATE)


def test_a_seed_repeats_itself_and_speed_shortens():
    _, slow, wav = spoken(voice(), "你好。", seed=3)
    np.testing.assert_array_equal(spoken(voice(), "你好。", seed=3)[2], wav)
    assert not np.array_equal(spoken(voice(), "你好。", seed=4)[2], wav)
    _, fast, _ = spoken(voice(), "你好。", seed=3, speed=1.5)
    assert fast.timed.end_s == pytest.approx(slow.timed.end_s / 1.5, abs=0.02)


def test_speakers_emotions_and_volume_are_followed():
    performer, _, wav = spoken(voice(), "你好。")
    assert performer.speaker == "a"
    assert spoken(voice(), "你好。", speaker="b")[2][8] == pytest.approx(wav[8] + 0.1)
    assert spoken(voice(), "你好。", emotion="sad")[2][8] == pytest.approx(wav[8] + 0.2)
    assert spoken(voice(), "你好。", volume=-6.0)[2][8] == pytest.approx(wav[8] / 2, rel=0.01)
    with pytest.raises(UnknownVoiceError, match="unknown speaker 'c' of voice 'tiny'; accepted: a, b"):
        voice().prepare(SpeechRequest(text="你好", speaker="c"))
    with pytest.raises(RequestError, match="unknown emotion 'bored'"):
        voice().prepare(SpeechRequest(text="你好", emotion="bored"))


def test_a_break_inside_a_sentence_is_made_where_words_are_timed():
    text = '<speak>你好<break time="500ms"/>谢谢</speak>'
    _, performance, wav = spoken(voice(), text)
    first, second = performance.timed.words
    assert second.start_s - first.end_s == pytest.approx(0.5, abs=0.02)
    assert not wav[int(first.end_s * RATE) + HOP * 4 : int(second.start_s * RATE) - HOP * 4].any()


def test_what_was_not_followed_or_not_known_is_said():
    mute = voice(inputs=InputsConfig(symbols="x"), outputs=OutputsConfig(wav="y"), emotions=())
    text = '<speak>你好<break time="500ms"/>天谢谢</speak>'
    performer, _, _ = spoken(mute, text, emotion="sad", pitch=2.0, speed=1.5)
    for said in ("the pitch that was asked for", "the emotion sad", "the speed that was asked for", "pauses inside a sentence"):
        assert any(warning.startswith(said) for warning in performer.warnings), said
    assert performer.warnings[-1] == "sounds that this voice does not know were left out: tian1"
    assert spoken(voice(), "你好。")[0].warnings == ()


def felt(inside: str, **controls: Any):
    """Return what a sentence with markup sounds like at its first word, and what is said of it."""
    performer, _, wav = spoken(voice(), f"<speak>{inside}</speak>", **controls)
    return wav[8], performer.warnings


def test_markup_decides_on_the_emotion_of_a_sentence():
    plain, _ = felt("你好谢谢")
    whole, said = felt('<emotion category="sad">你好谢谢</emotion>')
    assert (whole, said) == (pytest.approx(plain + 0.2), ())
    back, said = felt('<emotion category="neutral">你好谢谢</emotion>', emotion="sad")
    assert (back, said) == (pytest.approx(plain), ())
    begun, said = felt('<emotion category="sad">你好</emotion>谢谢')
    assert begun == pytest.approx(plain + 0.2)
    assert said == ("the emotion neutral of single words was not followed: this model has one for a sentence",)
    ended, said = felt('你好<emotion category="sad">谢谢</emotion>')
    assert ended == pytest.approx(plain)
    assert said == ("the emotion sad of single words was not followed: this model has one for a sentence",)
    other, said = felt('<emotion category="angry">你好</emotion>谢谢')
    assert other == pytest.approx(plain)
    assert said[0] == "the emotion angry was not followed: this model has neutral, sad"


def test_a_word_that_nobody_can_say_has_no_time():
    assert [word.text for word in spoken(voice(), "你好，天，谢谢")[1].timed.words] == ["你好", "谢谢"]
