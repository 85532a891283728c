import numpy as np
import pytest

from tingshuo.tasks.evaluate.compare import Heard
from tingshuo.tasks.evaluate.ear import understood
from tingshuo.tasks.evaluate.result import Result, Sound
from tingshuo.tasks.recognise.search import Hypothesis


class Ear:
    """Writes down one text after the other, whatever is said."""

    sample_rate = 8000
    frame_s = 0.04

    def __init__(self, *texts):
        self.texts, self.lengths = list(texts), []
        self.written = sorted({*"".join(texts)})

    def hear(self, wav, beam=10, expected=None):
        self.lengths.append(len(wav))
        text = self.texts.pop(0)
        if not text:
            return ()
        return (Hypothesis(tuple(map(self.written.index, text)), 0.0, (), (1.0,) * len(text)),)

    def text(self, units):
        return "".join(self.written[unit] for unit in units)


def result(text, *kinds):
    sound = Sound(np.zeros(16000, np.float32), Heard(*(np.zeros((2, 2), np.float32),) * 2, np.zeros(2, np.float32)))
    others = dict.fromkeys(kinds, sound)
    return Result("1", text, "", "tan", {"speech": {"rtf": 0.1}}, sound, {}, **others)


def test_characters_and_syllables_are_counted_apart():
    made = understood(Ear("今天天汽好"), result("今天天气很好。"), 16000)
    own = made.measures["speech"]
    assert own["misheard_characters_pct"] == pytest.approx(100 * 2 / 6)
    assert own["misheard_syllables_pct"] == pytest.approx(100 / 6)
    assert own["rtf"] == 0.1
    assert made.heard_as == {"speech": "今天天汽好"}


def test_each_sound_is_heard_at_the_rate_of_the_ear():
    ear = Ear("二零二六年", "")
    made = understood(ear, result("2026年", "recording"), 16000)
    assert ear.lengths == [8000, 8000]
    assert made.measures["recording"]["misheard_characters_pct"] == 0
    assert made.measures["speech"]["misheard_characters_pct"] == 100


def test_a_text_without_a_word_has_no_figure():
    made = understood(Ear("啊"), result("……"), 16000)
    assert np.isnan(made.measures["speech"]["misheard_characters_pct"])


def test_a_text_in_another_language_has_no_syllables():
    made = understood(Ear("hello"), result("hello"), 16000)
    assert made.measures["speech"]["misheard_characters_pct"] == 0
    assert np.isnan(made.measures["speech"]["misheard_syllables_pct"])
