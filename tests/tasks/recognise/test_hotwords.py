"""Words that are likely to be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.search import prefix_beam

UNITS = ("<blank>", "a", "b", "c", "d", "ab", "▁e")


def total(hotwords, units):
    """What a whole text is given."""
    state, given_ = None, 0.0
    for unit in units:
        added, state = hotwords.extend(state, unit)
        given_ += added
    return given_ + hotwords.finish(state)


def spelled(text):
    return tuple(UNITS.index(char) for char in text)


@given(st.text("abcd", max_size=12), st.lists(st.text("abcd", min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
def test_a_text_is_given_what_the_words_in_it_are_worth(text, words):
    hotwords = Hotwords(dict.fromkeys(words, 1.5), UNITS[:5])
    found = sum(text[start:].startswith(word) for start in range(len(text)) for word in words)
    worth = sum(1.5 * len(word) for start in range(len(text)) for word in words if text[start:].startswith(word))
    assert total(hotwords, spelled(text)) == pytest.approx(worth)
    assert len(hotwords.said(spelled(text))) == sum(word in text for word in words) <= max(found, 0)


def test_a_word_is_kept_before_it_is_whole_and_half_of_one_is_worth_nothing():
    hotwords = Hotwords({"abc": 2.0}, UNITS[:5])
    added, state = hotwords.extend(None, 1)
    assert added == 2.0
    assert hotwords.finish(state) == -2.0
    assert total(hotwords, spelled("abd")) == 0.0


def test_words_that_begin_alike_are_worth_what_was_given_for_each():
    hotwords = Hotwords({"abc": 1.0, "abd": 3.0, "ab": -0.5}, UNITS[:5])
    assert total(hotwords, spelled("abc")) == pytest.approx(3.0 - 1.0)
    assert total(hotwords, spelled("abd")) == pytest.approx(9.0 - 1.0)
    assert total(hotwords, spelled("ab")) == pytest.approx(-1.0)


def test_a_word_that_cannot_be_written_is_said():
    hotwords = Hotwords({"abc": 1.0, "xyz": 1.0, "": 1.0}, UNITS)
    assert hotwords.unknown == ("xyz", "")


def test_a_word_is_written_in_as_few_units_as_there_are():
    hotwords = Hotwords({"abc": 1.0}, UNITS)
    assert total(hotwords, (5, 3)) == 2.0
    assert total(hotwords, (1, 2, 3)) == 0.0


def test_a_word_that_sounds_like_another_is_heard():
    probs = np.full((4, 5), 1e-6)
    probs[[0, 1, 2, 3], [1, 2, 0, 3]] = 0.6
    probs[1, 4] = 0.4
    log_probs = np.log(probs).astype(np.float32)
    hotwords = Hotwords({"adc": 2.0}, UNITS[:5])
    plain, found = prefix_beam(log_probs)[0], prefix_beam(log_probs, scorer=hotwords)[0]
    assert (plain.units, found.units) == (spelled("abc"), spelled("adc"))
    assert hotwords.said(found.units) == ("adc",)
    assert hotwords.said(plain.units) == ()
