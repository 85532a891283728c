import numpy as np
import pytest

from tingshuo.tasks.timing import time_sentence
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.symbols import encode, make_syllable
from tingshuo.types import Sentence, Word


def test_words_and_characters_lie_where_their_phones_do():
    words = (
        Word("你好", (make_syllable("你", "ni2"), make_syllable("好", "hao3"))),
        Word("，", pause_ms=150),
        Word("啊", (make_syllable("啊", "a5"),)),
        Word("。", pause_ms=400),
    )
    phones = encode(words)
    # sil n i h ao sp a sil
    durations = np.array([10, 5, 10, 5, 20, 15, 30, 10])
    timed = time_sentence(Sentence(" 你好，啊。\n", "你好，啊。", words), phones, durations, frame_s=0.01, start_s=2.0)
    assert timed.text == "你好，啊。"
    assert [w.text for w in timed.words] == ["你好", "啊"]
    assert [(c.text, c.pinyin) for w in timed.words for c in w.characters] == [("你", "ni2"), ("好", "hao3"), ("啊", "a5")]
    assert timed.words[0].characters[0].start_s == pytest.approx(2.1)
    assert timed.words[0].characters[0].end_s == timed.words[0].characters[1].start_s == pytest.approx(2.25)
    assert timed.words[0].end_s == pytest.approx(2.5)
    assert timed.words[1].start_s == pytest.approx(2.65)
    assert timed.end_s == timed.words[1].end_s == pytest.approx(2.95)


def test_a_letter_of_several_syllables_is_one_character():
    word = Word("W", (make_syllable("W", "da2"), make_syllable("", "bu5"), make_syllable("", "liu4")))
    phones = encode((word,))
    timed = time_sentence(Sentence("W", "W", (word,)), phones, np.full(len(phones.ids), 10), frame_s=0.01, start_s=0.0)
    (character,) = timed.words[0].characters
    assert character.text == "W"
    assert character.pinyin == "da2 bu5 liu4"
    assert (character.start_s, character.end_s) == (timed.words[0].start_s, timed.words[0].end_s) == (0.1, 0.7)


def test_syllables_without_a_symbol_of_their_own_end_where_the_one_before_ends():
    """A voice that reads letters has one symbol for W, and three syllables."""
    word = Word("WA", tuple(make_syllable(*row) for row in (("W", "da2"), ("", "bu5"), ("", "liu4"), ("A", "ei1"))))
    symbols = Symbols(np.zeros(2), np.zeros(2, np.int64), np.array([0, 3]))
    timed = time_sentence(Sentence("WA", "WA", (word,)), symbols, np.array([20, 10]), frame_s=0.01, start_s=1.0)
    first, second = timed.words[0].characters
    assert (first.text, first.pinyin, first.start_s, first.end_s) == ("W", "da2 bu5 liu4", 1.0, 1.2)
    assert (second.text, second.start_s, second.end_s) == ("A", 1.2, 1.3)
