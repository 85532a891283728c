"""A voice of Piper speaks through the loop, window by window, and says what it cannot do."""

from itertools import pairwise

import numpy as np
import pytest

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.piper import PiperBundleConfig
from tingshuo.errors import RequestError, TextError, UnknownVoiceError
from tingshuo.tasks.piper.model import SPEAKER_TABLE, TABLES, Piper
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import GraphSpec, SpeechRequest

HOP, RATE, LATENT = 4, 400, 2
PHONEMES = ("_", "^", "$", "n", "h", "i", "ao", "sh", "ie", "1", "2", "3", "4", "5", "，", "j", "Ø")


def settings(**changes: object) -> PiperBundleConfig:
    config = PiperBundleConfig(
        family="piper", speakers=(PersonConfig("a", "unspecified"), PersonConfig("b", "unspecified")), styles=ONE_STYLE,
        frames=FrameConfig(RATE, HOP), phonemes="pinyin", phoneme_ids={name: (row,) for row, name in enumerate(PHONEMES)},
        latent=LATENT, stochastic=True, decoder_context_frames=2, noise=0.5, length=1.0, duration_noise=0.1, architecture={},
    )  # fmt: skip
    return config.replace(**changes)


class Fake:
    """A graph that is a function."""

    def __init__(self, function, outputs=()):
        self.run = function
        self.spec = GraphSpec({}, dict.fromkeys(outputs, ("float32", ())))


def graphs():
    """Durations of about three frames; a sample is the mean of what the decoder sees of the frames around it."""

    def decode(inputs):
        padded = np.pad(inputs["latent"][0, 0], 2)
        around = np.convolve(padded, np.ones(5) / 5, "valid") + inputs["speaker"][0, 0]
        return {"wav": (0.1 * np.tanh(np.repeat(around, HOP)))[None].astype(np.float32)}

    return {
        "encoder": Fake(
            lambda x: {
                "hidden": np.zeros((1, 1, x["ids"].shape[1]), np.float32),
                "mean": np.repeat(x["ids"][:, None].astype(np.float32), LATENT, 1) / 10,
                "log_deviation": np.zeros((1, LATENT, x["ids"].shape[1]), np.float32),
            }
        ),
        "duration": Fake(lambda x: {"log_duration": 1.0 + x["noise"][:, 0]}),
        "flow": Fake(lambda x: {"voiced": x["latent"]}),
        "decoder": Fake(decode, ("wav",)),
    }


def voice(**changes: object) -> Piper:
    return Piper("tiny", settings(**changes), graphs(), {TABLES: {SPEAKER_TABLE: np.array([[0.0], [2.0]], np.float32)}})


def spoken(model: Piper, text: str, start_samples: int = 0, **controls: object):
    request = SpeechRequest(text=text, **controls)  # type: ignore[arg-type]
    performer = model.prepare(request)
    sentence = next(Frontend(english=model.english).sentences(text))
    performance = performer.perform(sentence, start_samples, Stopwatch())
    return performer, performance, np.concatenate(list(performance.samples()))


def test_words_are_timed_by_their_phonemes():
    _, performance, wav = spoken(voice(), "你好，谢谢你。")
    words = performance.timed.words
    assert [word.text for word in words] == ["你好", "谢谢", "你"]
    assert all(a.end_s <= b.start_s for a, b in pairwise(words))
    assert words[-1].end_s <= len(wav) / RATE


def test_windows_joined_are_the_sentence_wherever_it_begins():
    first = spoken(voice(), "你好。" * 3)[2]
    later = voice()
    request = SpeechRequest(text="你好。" * 3)
    sentence = next(Frontend().sentences(request.text))
    performance = later.prepare(request).perform(sentence, 0, Stopwatch())
    performance._start = 1  # nobody waits: another cut  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.concatenate(list(performance.samples())), first, atol=1e-7)


def test_a_seed_repeats_itself_and_speed_shortens():
    _, slow, wav = spoken(voice(), "你好。", seed=3)
    np.testing.assert_array_equal(spoken(voice(), "你好。", seed=3)[2], wav)
    assert not np.array_equal(spoken(voice(), "你好。", seed=4)[2], wav)
    _, fast, _ = spoken(voice(), "你好。", seed=3, speed=2.0)
    assert fast.timed.end_s < 0.7 * slow.timed.end_s


def test_another_speaker_sounds_otherwise():
    performer, _, wav = spoken(voice(), "你好。", speaker="b")
    assert performer.speaker == "b"
    assert not np.array_equal(spoken(voice(), "你好。")[2], wav)
    with pytest.raises(UnknownVoiceError, match="unknown speaker 'c' of voice 'tiny'; accepted: a, b"):
        voice().prepare(SpeechRequest(text="你好", speaker="c"))
    with pytest.raises(RequestError, match="unknown emotion 'bored'"):
        voice().prepare(SpeechRequest(text="你好", emotion="bored"))


def test_what_was_not_followed_or_not_known_is_said():
    few = {name: rows for name, rows in settings().phoneme_ids.items() if name != "ao"}
    performer, _, _ = spoken(voice(phoneme_ids=few), "你好。", emotion="sad", pitch=2.0)
    assert any("pitch" in said for said in performer.warnings)
    assert any("emotion sad was not followed" in said for said in performer.warnings)
    marked, _, _ = spoken(voice(phoneme_ids=few), "<speak><emotion category='happy'>你好。</emotion></speak>")
    assert any("emotion happy was not followed" in said for said in marked.warnings)
    assert "sounds that this voice does not know were left out: ao" in performer.warnings


def test_another_language_is_asked_of_the_program_and_timed_as_a_whole(monkeypatch):
    ids = {name: (row,) for row, name in enumerate(("_", "^", "$", *"həlo "))}
    monkeypatch.setattr("tingshuo.tasks.piper.model.espeak_phonemes", lambda text, voice: tuple("həlo"))
    _, performance, wav = spoken(voice(phonemes="espeak", espeak_voice="en-us", phoneme_ids=ids), "hello。")
    assert performance.timed.words == ()
    assert 0 < performance.timed.end_s <= len(wav) / RATE
    with pytest.raises(TextError, match="knows no phoneme"):
        spoken(voice(phonemes="text", phoneme_ids=ids), "你好。")
