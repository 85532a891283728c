"""A tiny Sambert that was imported speaks: with symbols and a table of speakers; with bytes, a vector and a harmonic source."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tingshuo.errors import RequestError, SsmlError, UnknownVoiceError
from tingshuo.tasks import vocoder
from tingshuo.tasks.sambert import model as module
from tingshuo.tasks.sambert.model import offered_emotions, owners
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.types import EMOTIONS, SpeechRequest, TimedWord

pytestmark = pytest.mark.train
KINDS = ("sambert", "sambert_bytes")
TEXT = "今天天气真好，我们去公园散步吧！Hello world，W是字母。"
PITCH = "the pitch that was asked for was not followed: this model decides on it itself"


@pytest.fixture(params=KINDS)
def voice(request: pytest.FixtureRequest, speaking: Callable[[str], Any]) -> Any:
    return speaking(request.param)


@pytest.fixture
def plain(speaking: Callable[[str], Any]) -> Any:
    return speaking("sambert")


def ssml(inner: str) -> str:
    return f"<speak>{inner}</speak>"


def spoken_s(words: tuple[TimedWord, ...]) -> float:
    return sum(c.end_s - c.start_s for word in words for c in word.characters)


def test_it_speaks_what_is_written(voice: Any) -> None:
    speech = voice.synthesize(TEXT)
    assert (speech.sample_rate, speech.wav.dtype, speech.warnings) == (16000, np.float32, ())
    assert np.isfinite(speech.wav).all()
    assert np.abs(speech.wav).max() <= 1
    assert len(np.unique(speech.wav)) > 100
    text = "".join(c.text for word in speech.words for c in word.characters)
    assert text == "今天天气真好我们去公园散步吧HelloworldW是字母"
    times = [t for word in speech.words for c in word.characters for t in (c.start_s, c.end_s)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < speech.duration_s
    assert [sentence.text[-1] for sentence in speech.sentences][-1] == "。"


@pytest.mark.parametrize(("first", "longest", "postnet"), [(24, 512, 24), (1, 7, 2), (5, 13, 1000)])
def test_chunks_are_the_whole_however_they_are_cut(
    voice: Any, monkeypatch: pytest.MonkeyPatch, first: int, longest: int, postnet: int
) -> None:
    whole = voice.synthesize(TEXT, seed=4).wav
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", first)
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    monkeypatch.setattr(module, "FIRST_PIECE_FRAMES", postnet)
    chunks = list(voice.stream(TEXT, seed=4))
    assert len(chunks) > 3
    np.testing.assert_allclose(np.concatenate([chunk.wav for chunk in chunks]), whole, atol=2e-5)
    assert [chunk.start_samples for chunk in chunks] == [0, *np.cumsum([len(chunk.wav) for chunk in chunks])[:-1]]


def test_a_chunk_comes_before_all_frames_are_made(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", 4)
    monkeypatch.setattr(module, "FIRST_PIECE_FRAMES", 4)
    asked: list[int] = []
    decoder = plain.graphs["decoder"]

    class Counting:
        def run(self, inputs: Any) -> Any:
            asked.append(1)
            return decoder.run(inputs)

    monkeypatch.setitem(plain.graphs, "decoder", Counting())
    stream = plain.stream("今天天气真好我们去公园散步吧。")
    next(stream)
    so_far = len(asked)
    assert list(stream)
    assert 0 < so_far < len(asked) / 2


def test_what_is_begun_ahead_is_the_same_speech(voice: Any) -> None:
    request = SpeechRequest(text=TEXT + "我们走吧。\n好。", emotion="sad")
    with ThreadPoolExecutor(1) as pool:
        ahead = np.concatenate([chunk.wav for chunk in voice.speak(request, ahead=pool.submit)])
    np.testing.assert_array_equal(ahead, voice.finish(voice.speak(request)).wav)


def test_the_seed_fixes_the_noise_of_the_source(speaking: Callable[[str], Any]) -> None:
    voice = speaking("sambert_bytes")
    one, same, other = (voice.synthesize("你好。", seed=seed).wav for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len(one) == len(other)


def test_without_a_source_there_is_no_noise_to_fix(plain: Any) -> None:
    assert np.array_equal(plain.synthesize("你好。", seed=1).wav, plain.synthesize("你好。", seed=2).wav)


@pytest.mark.parametrize("speed", [0.5, 1.6, 2.0])
def test_speed_divides_durations_and_the_silence(voice: Any, speed: float) -> None:
    usual, other = voice.synthesize(TEXT), voice.synthesize(TEXT, speed=speed)
    assert spoken_s(other.words) == pytest.approx(
        spoken_s(usual.words) / speed, rel=0.35
    )  # frames are whole, and a sound has two
    assert other.duration_s == pytest.approx(usual.duration_s / speed, rel=0.15)


def test_markup_slows_down_single_words(plain: Any) -> None:
    usual = plain.synthesize("你好再见").words
    slow = plain.synthesize(ssml("你好<prosody rate='50%'>再见</prosody>")).words
    assert spoken_s(slow[:1]) == pytest.approx(spoken_s(usual[:1]))
    assert spoken_s(slow[1:]) > 1.5 * spoken_s(usual[1:])


def test_emotions_differ_and_strength_0_is_neutral(voice: Any) -> None:
    heard = {emotion: voice.synthesize("他昨天去了北京。", emotion=emotion).wav.tobytes() for emotion in EMOTIONS}
    assert len(set(heard.values())) == len(EMOTIONS)
    none, half, more = (voice.synthesize("他昨天去了北京。", emotion="sad", strength=s).wav.tobytes() for s in (0.0, 0.5, 1.5))
    assert none == heard["neutral"]
    assert len({none, half, heard["sad"], more}) == 4


def test_its_own_emotions_are_accepted_and_others_refused_with_the_list(voice: Any) -> None:
    assert {"lyrical", "jealousy", *EMOTIONS} <= set(voice.settings.emotions)
    neutral = voice.synthesize("你好。")
    assert not np.array_equal(voice.synthesize("你好。", emotion="lyrical").wav, neutral.wav)
    with pytest.raises(RequestError, match=r"unknown emotion 'bored'; accepted: neutral, happy, .*lyrical.*dominance") as caught:
        voice.stream("你好。", emotion="bored")
    assert caught.value.param == "emotion"


def test_markup_takes_its_own_emotions_too(plain: Any) -> None:
    marked = plain.synthesize(ssml("<emotion category='lyrical'>你好。</emotion>")).wav
    np.testing.assert_array_equal(marked, plain.synthesize("你好。", emotion="lyrical").wav)
    with pytest.raises(SsmlError, match=r"<emotion> unknown emotion 'bored'; accepted: neutral, happy, .*lyrical.*dominance"):
        plain.stream(ssml("<emotion category='bored'>你好。</emotion>"))


def test_an_emotion_of_ours_is_the_row_of_its_own_name(plain: Any) -> None:
    assert {"surprised", "fearful"} <= set(offered_emotions())
    assert not {"surprise", "fear", "none"} & set(offered_emotions())
    model = plain.model
    row = model.emotions[model.vocabulary.emotion_id("surprise")]
    np.testing.assert_allclose(model.emotion("surprised", 1.0), row, rtol=1e-6)
    neutral = model.emotions[model.vocabulary.emotion_id("neutral")]
    np.testing.assert_allclose(model.emotion("surprised", 0.5), (row + neutral) / 2, rtol=1e-5, atol=1e-7)


def test_markup_gives_single_words_an_emotion(plain: Any) -> None:
    usual = plain.synthesize("你好，再见。").wav
    whole = plain.synthesize("你好，再见。", emotion="sad").wav
    part = plain.synthesize(ssml("你好，<emotion category='sad'>再见</emotion>。")).wav
    assert not np.array_equal(part, usual)
    assert not np.array_equal(part, whole)
    marked = plain.synthesize(ssml("<emotion category='sad' intensity='0'>你好，再见</emotion>。"), emotion="angry").wav
    np.testing.assert_allclose(marked, usual, atol=1e-6)


def test_a_break_is_of_the_word_before_it() -> None:
    symbols = Symbols(np.zeros((6, 4)), np.array([-1, 1, 1, -1, 3, -1]), np.zeros(6))
    assert owners(symbols).tolist() == [0, 1, 1, 1, 3, 3]


def test_speakers_of_a_table_differ(plain: Any) -> None:
    assert plain.speakers == ("F7", "M7")
    first, named, second = (plain.synthesize("你好。", speaker=name).wav for name in (None, "F7", "M7"))
    assert np.array_equal(first, named)
    assert not np.array_equal(first, second)
    assert plain.stream("好。", speaker="M7").speaker == "M7"
    with pytest.raises(UnknownVoiceError, match=r"unknown speaker 'wu' of voice 'sambert'; accepted: F7, M7"):
        plain.stream("好。", speaker="wu")
    with pytest.raises(UnknownVoiceError, match=r"unknown style 'steady' of voice 'sambert'; accepted: natural"):
        plain.stream("好。", style="steady")


def test_what_is_not_followed_is_said_once(voice: Any) -> None:
    assert voice.synthesize("你好。再见。", pitch=2.0).warnings == (PITCH,)
    loud = (
        "<prosody volume='+6dB'>你好</prosody>，<emphasis level='strong'>再见</emphasis>。<prosody volume='+6dB'>你好</prosody>"
    )
    warnings = voice.synthesize(ssml(loud)).warnings
    assert [warning.partition(" that was")[0] for warning in warnings] == ["the volume of single words", "the emphasis"]


def test_volume_is_a_gain(voice: Any) -> None:
    usual, quiet = voice.synthesize("你好。").wav, voice.synthesize("你好。", volume=-6.0).wav
    np.testing.assert_allclose(quiet, usual * 10 ** (-6 / 20), atol=1e-6)
    assert np.abs(voice.synthesize("你好。", volume=20.0).wav).max() < 1


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_a_break_lengthens_the_silence(voice: Any, seconds: float) -> None:
    usual = voice.synthesize(ssml("你好再见"))
    inside = voice.synthesize(ssml(f"你好<break time='{seconds}s'/>再见"))
    gaps = [speech.words[1].start_s - speech.words[0].end_s for speech in (usual, inside)]
    assert gaps[1] == pytest.approx(seconds, abs=0.002)
    assert inside.duration_s > usual.duration_s + seconds - 0.05
    start = round(inside.sample_rate * (inside.words[0].end_s + 0.1))
    assert not inside.wav[start : start + round(16000 * (seconds - 0.2))].any()
    after = voice.synthesize(ssml(f"你好再见<break time='{seconds}s'/>"))
    assert after.duration_s - after.words[-1].end_s == pytest.approx(seconds, abs=0.01)
    before = voice.synthesize(ssml(f"<break time='{seconds}s'/>你好再见"))
    assert before.words[0].start_s == pytest.approx(seconds, abs=0.002)


def test_a_long_text_has_its_sentences_in_order(plain: Any) -> None:
    speech = plain.synthesize("今天天气真好。\n我们去公园散步，孩子们在草地上跑来跑去！" * 6)
    starts = [sentence.start_s for sentence in speech.sentences]
    assert len(starts) >= 12
    assert starts == sorted(starts)
    assert speech.stages.acoustic_ms > 0
    assert speech.stages.vocoder_ms > 0
