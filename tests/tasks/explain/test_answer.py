import numpy as np
import pytest

from tingshuo.tasks.explain.answer import (
    FEWEST_VOICED,
    LEAST_VOICED,
    Answer,
    Asked,
    influence,
    mean_f0_hz,
    syllable_of,
    voiced_enough,
)
from tingshuo.tasks.explain.inputs import replacements
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode
from tingshuo.types import SpeechRequest


def ask(voice, text, **request):
    sentence = next(Frontend(english=True).sentences(text))
    request = SpeechRequest(text=text, **request)
    return sentence.words, Asked(voice.graphs, voice.config, voice.timbre(request.style, request.speaker), request)


def answer(owner, f0, power, seconds):
    owner = np.array(owner, np.int64)
    phones = encode(next(Frontend().sentences("爱")).words)
    return Answer(np.array(seconds), owner, np.array(f0, np.float32), np.array(power), phones, np.ones(3, np.int64))


def test_nothing_replaced_changes_nothing(voice):
    words, asked = ask(voice, "今天天气很好，我们去公园。")
    spoken = asked.answer(words)
    for change in influence(spoken, asked.answer(words, spoken)).values():
        assert np.nan_to_num(change).tolist() == [0.0] * 11


@pytest.mark.parametrize("emotion", ["neutral", "sad"])
def test_lengths_are_those_that_are_heard_but_not_rounded(voice, emotion):
    words, asked = ask(voice, "今天天气很好，我们去公园。", emotion=emotion, speed=0.8, style="lively")
    spoken = asked.answer(words)
    heard = np.bincount(spoken.owner[spoken.owner >= 0]) * voice.config.mel.hop_length / voice.sample_rate
    frame_s = voice.config.mel.hop_length / voice.sample_rate
    assert np.abs(spoken.seconds - heard).max() <= frame_s  # both ends are rounded, each by half a frame
    assert spoken.seconds.sum() == pytest.approx(heard.sum(), rel=0.01)


def test_frames_follow_the_timing_that_is_given_even_where_a_pause_is_gone(voice):
    words, asked = ask(voice, "你好，今天天气很好。")
    spoken = asked.answer(words)
    (pause,) = spoken.durations[1:-1][spoken.phones.word_index[1:-1] < 0]
    for one in replacements(words):
        replaced = asked.answer(one.apply(words), spoken)
        lengths = [a.durations[a.phones.word_index >= 0].tolist() for a in (spoken, replaced)]
        assert lengths[0] == lengths[1]
        dropped = one.kind == "pause" and one.of == "，"
        assert len(replaced.owner) == len(spoken.owner) - dropped * pause


def test_syllables_are_counted_over_words_and_silence_is_none():
    phones = encode(next(Frontend(english=True).sentences("你好，Hello儿")).words)
    owner = syllable_of(phones)
    assert (owner == -1).tolist() == (phones.word_index < 0).tolist()
    assert owner[owner >= 0].tolist()[:4] == [0, 0, 1, 1]
    assert set(np.diff(owner[owner >= 0])) == {0, 1}


def test_a_difference_is_in_percent_semitones_and_decibels():
    owner = [-1, *[0] * 4, *[1] * 4, -1]
    spoken = answer(owner, [0, *[200] * 4, 0, *[300] * 3, 0], [9.0, *[2.0] * 4, *[1.0] * 4, 9.0], [0.3, 0.1])
    replaced = answer(owner, [0, *[100] * 4, *[300] * 4, 0], [5.0, *[1.0] * 4, *[10.0] * 4, 5.0], [0.2, 0.1])
    change = influence(spoken, replaced)
    assert change["duration"] == pytest.approx([50.0, 0.0])
    assert change["f0"] == pytest.approx([12.0, 0.0])
    assert change["energy"] == pytest.approx([10 * np.log10(2), -10.0])


def test_f0_is_compared_where_both_are_voiced():
    owner = [0] * 8
    spoken = answer(owner, [0, 0, *[200] * 6], np.ones(8), [0.1])
    replaced = answer(owner, [*[100] * 4, 0, 0, 100, 50], np.ones(8), [0.1])
    assert influence(spoken, replaced)["f0"] == pytest.approx([(3 * 12 + 24) / 4])


def test_power_has_the_level_that_is_asked_for(voice):
    words, asked = ask(voice, "你好")
    _, louder = ask(voice, "你好", volume=6.0)
    assert influence(louder.answer(words), asked.answer(words))["energy"] == pytest.approx([6.0, 6.0])


def test_a_syllable_that_is_hardly_voiced_has_no_f0():
    owner = [*[0] * 10, *[1] * 30]
    few = [*[0] * 8, 200, 200, *[0] * 25, *[210] * 5]
    spoken = answer(owner, few, np.ones(40), [0.1, 0.3])
    assert np.isnan(influence(spoken, spoken)["f0"]).tolist() == [True, True]
    assert (mean_f0_hz(spoken, 0), mean_f0_hz(spoken, 1)) == (None, None)
    enough = answer(owner, [*[0] * 7, 100, 200, 400, *[210] * 30], np.ones(40), [0.1, 0.3])
    assert mean_f0_hz(enough, 0) == pytest.approx(200)
    assert not voiced_enough(FEWEST_VOICED - 1, 3)
    assert voiced_enough(FEWEST_VOICED, round(FEWEST_VOICED / LEAST_VOICED))
