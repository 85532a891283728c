"""A tiny EmotiVoice that was imported speaks, with a tiny language model that reads its prompts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.tasks import vocoder
from tingshuo.tasks.emotivoice.model import PROMPTS
from tingshuo.types import EMOTIONS, TimedWord

pytestmark = pytest.mark.train
TEXT = "今天天气真好，我们去公园散步吧！Hello world，W是字母。小孩儿玩儿。"


@pytest.fixture(scope="module")
def voice(speaking: Callable[[str], Any]) -> Any:
    return speaking("emotivoice")


def ssml(inner: str) -> str:
    return f"<speak>{inner}</speak>"


def spoken_s(words: tuple[TimedWord, ...]) -> float:
    return sum(c.end_s - c.start_s for word in words for c in word.characters)


def test_it_speaks_what_is_written(voice: Any) -> None:
    speech = voice.synthesize(TEXT)
    assert (speech.sample_rate, speech.wav.dtype, speech.warnings) == (16000, np.float32, ())
    assert np.isfinite(speech.wav).all()
    assert len(np.unique(speech.wav)) > 100
    text = "".join(c.text for word in speech.words for c in word.characters)
    assert text == "今天天气真好我们去公园散步吧HelloworldW是字母小孩儿玩儿"
    times = [t for word in speech.words for c in word.characters for t in (c.start_s, c.end_s)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < speech.duration_s


@pytest.mark.parametrize(("first", "longest"), [(1, 3), (7, 20)])
def test_chunks_are_the_whole_however_they_are_cut(voice: Any, monkeypatch: pytest.MonkeyPatch, first: int, longest: int) -> None:
    whole = voice.synthesize(TEXT).wav
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", first)
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    chunks = [chunk.wav for chunk in voice.stream(TEXT)]
    assert len(chunks) > 10
    np.testing.assert_allclose(np.concatenate(chunks), whole, atol=2e-5)


def test_the_same_request_is_the_same_sound(voice: Any) -> None:
    assert np.array_equal(voice.synthesize(TEXT, seed=1).wav, voice.synthesize(TEXT, seed=2).wav)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_divides_durations_and_the_silence(voice: Any, speed: float) -> None:
    usual, other = voice.synthesize(TEXT), voice.synthesize(TEXT, speed=speed)
    assert spoken_s(other.words) == pytest.approx(spoken_s(usual.words) / speed, rel=0.2)
    assert other.duration_s == pytest.approx(usual.duration_s / speed, rel=0.05)


def test_markup_slows_down_single_words(voice: Any) -> None:
    usual = voice.synthesize("你好再见").words
    slow = voice.synthesize(ssml("你好<prosody rate='50%'>再见</prosody>")).words
    assert spoken_s(slow[:1]) == pytest.approx(spoken_s(usual[:1]))
    assert spoken_s(slow[1:]) > 1.5 * spoken_s(usual[1:])


def test_emotions_differ_and_strength_0_is_neutral(voice: Any) -> None:
    assert PROMPTS.keys() == set(EMOTIONS)
    heard = {emotion: voice.synthesize("今天真好。", emotion=emotion).wav.tobytes() for emotion in EMOTIONS}
    assert len(set(heard.values())) == len(EMOTIONS)
    none, half = (voice.synthesize("今天真好。", emotion="sad", strength=strength).wav.tobytes() for strength in (0.0, 0.5))
    assert none == heard["neutral"]
    assert half not in heard.values()


def test_any_words_are_a_prompt_and_our_names_are_prompts_of_theirs(voice: Any) -> None:
    usual, named = (voice.synthesize("今天真好。", emotion=emotion).wav for emotion in ("happy", "开心"))
    assert np.array_equal(usual, named)
    other = voice.synthesize("今天真好。", emotion="又悲伤又生气").wav
    assert not np.array_equal(other, voice.synthesize("今天真好。").wav)
    with pytest.raises(RequestError, match="emotion must be a name or a few words"):
        voice.synthesize("今天真好。", emotion=" ")


def test_markup_prompts_a_sentence(voice: Any) -> None:
    marked = voice.synthesize(ssml("<emotion category='sad'>今天真好。</emotion>")).wav
    assert np.array_equal(marked, voice.synthesize("今天真好。", emotion="sad").wav)
    prompted = voice.synthesize(ssml("<emotion category='又悲伤又生气'>今天真好。</emotion>")).wav
    assert np.array_equal(prompted, voice.synthesize("今天真好。", emotion="又悲伤又生气").wav)


def test_a_prompt_is_read_once(voice: Any) -> None:
    before = voice.embeddings.figures
    for _ in range(3):
        voice.model.style("惊讶", 1.0)
    after = voice.embeddings.figures
    assert after.misses - before.misses <= 2  # neutral and this one
    assert after.hits - before.hits >= 4
    assert voice.model.prompt("惊讶").shape == (1, 6)


def test_a_prompt_longer_than_the_net_can_read_is_cut(voice: Any) -> None:
    longest = voice.settings.pieces.longest
    assert voice.synthesize("天气好" * longest + "。").duration_s > 0
    assert np.array_equal(voice.model.prompt("天" * longest), voice.model.prompt("天" * (longest + 9)))


def test_speakers_differ(voice: Any) -> None:
    assert voice.speakers == ("8051", "9017", "12787")
    first, named, other = (voice.synthesize("今天真好。", speaker=name).wav for name in (None, "8051", "12787"))
    assert np.array_equal(first, named)
    assert not np.array_equal(first, other)
    with pytest.raises(UnknownVoiceError, match="unknown speaker '1' of voice 'emotivoice'; accepted: 8051, 9017, 12787"):
        voice.stream("好。", speaker="1")
    with pytest.raises(UnknownVoiceError, match="unknown style 'steady' of voice 'emotivoice'; accepted: natural"):
        voice.stream("好。", style="steady")


def test_what_is_not_followed_is_said_once(voice: Any) -> None:
    (pitch,) = voice.synthesize("你好。再见。", pitch=-1.0).warnings
    assert pitch.startswith("the pitch that was asked for was not followed")
    (emphasis,) = voice.synthesize(ssml("<emphasis>你好</emphasis>")).warnings
    assert emphasis.startswith("the emphasis that was asked for")


def test_a_break_lengthens_the_silence(voice: Any) -> None:
    inside = voice.synthesize(ssml("你好<break time='2s'/>再见"))
    assert inside.words[1].start_s - inside.words[0].end_s == pytest.approx(2, abs=0.002)
    assert inside.duration_s > voice.synthesize("你好再见").duration_s + 1.95
    after = voice.synthesize(ssml("你好再见<break time='2s'/>"))
    assert after.duration_s - after.words[-1].end_s == pytest.approx(2, abs=0.02)


def test_a_long_text_has_its_sentences_in_order(voice: Any) -> None:
    speech = voice.synthesize("今天天气真好。\n我们去公园散步，孩子们在草地上跑来跑去！" * 6)
    starts = [sentence.start_s for sentence in speech.sentences]
    assert len(starts) >= 12
    assert starts == sorted(starts)
