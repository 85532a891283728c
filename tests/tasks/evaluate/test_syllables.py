import numpy as np
import pytest

from tingshuo.tasks.evaluate.syllables import TONE_CONTOURS, check_syllables, tone_report
from tingshuo.tasks.tts import Speech
from tingshuo.types import Stages, TimedCharacter, TimedSentence, TimedWord

RATE = 24000


def speech(contours, *, silent=()):
    """Syllables of 300 ms, each a pulse-like tone along a contour in semitones around 220 Hz, 100 ms apart."""
    wav, words, at = [np.zeros(2400)], [], 0.1
    for i, (pinyin, contour) in enumerate(contours):
        n = int(0.3 * RATE)
        hz = 220 * 2 ** (np.interp(np.linspace(0, len(contour) - 1, n), range(len(contour)), contour) / 12)
        phase = 2 * np.pi * np.cumsum(hz) / RATE
        tone = sum(np.sin(k * phase) / k for k in range(1, 9)) * 0.1 * np.hanning(n) ** 0.3
        wav += [tone * (0.0 if i in silent else 1.0), np.zeros(2400)]
        character = TimedCharacter("字", pinyin, at, at + 0.3)
        words.append(TimedWord("字", at, at + 0.3, (character,)))
        at += 0.4
    return Speech(np.concatenate(wav).astype(np.float32), RATE, (TimedSentence("", 0, at, tuple(words)),), Stages(), ())


def test_expected_contours_are_recognised():
    made = speech([(f"ma{tone}", contour) for tone, contour in TONE_CONTOURS.items()])
    report = tone_report(check_syllables(made))
    assert set(report) == {1, 2, 3, 4}
    for tone in (2, 3, 4):
        assert report[tone].correlation > 0.95
    assert abs(report[1].slope_semitones) < 0.3
    assert report[2].slope_semitones > 1
    assert report[4].slope_semitones < -1


def test_a_wrong_contour_is_seen():
    report = tone_report(check_syllables(speech([("ma4", TONE_CONTOURS[2]), ("ma4", TONE_CONTOURS[2])])))
    assert report[4].correlation < -0.9


def test_a_syllable_that_does_not_sound_is_seen():
    checks = check_syllables(speech([("ma1", (5, 5)), ("ma1", (5, 5)), ("ma4", (5, 1))], silent=(1,)))
    assert [c.audible for c in checks] == [True, False, True]
    assert checks[1].f0_semitones is None


@pytest.mark.parametrize(("duration_s", "audible"), [(0.02, False), (0.2, True), (1.5, False)])
def test_a_length_that_no_syllable_has_is_seen(duration_s, audible):
    made = speech([("ma1", (5, 5)), ("ma1", (5, 5))])
    word = TimedWord("字", 0.1, 0.1 + duration_s, (TimedCharacter("字", "ma1", 0.1, 0.1 + duration_s),))
    changed = Speech(made.wav, RATE, (TimedSentence("", 0, 1, (word,)),), Stages(), ())
    assert check_syllables(changed)[0].audible is audible


def test_english_syllables_have_no_tone():
    words = (TimedWord("I", 0.1, 0.4, (TimedCharacter("I", "AY1", 0.1, 0.4),)),)
    sentence = TimedSentence("I", 0.1, 0.4, words)
    wav = np.zeros(12000, np.float32)
    assert check_syllables(Speech(wav, 24000, (sentence,), Stages(), ())) == []
