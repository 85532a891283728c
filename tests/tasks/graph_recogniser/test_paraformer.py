"""Tokens that are answered all at once."""

import numpy as np
import pytest

from tingshuo.tasks.graph_recogniser.paraformer import read_tokens

END = 2


def scored(*units: int) -> np.ndarray:
    probabilities = np.full((len(units), 5), 0.05, np.float32)
    probabilities[np.arange(len(units)), units] = 0.8
    return np.log(probabilities)


def peaks(*places: int, length: int = 20) -> np.ndarray:
    found = np.full(length, 0.4, np.float32)
    found[list(places)] = 1.0
    return found


def test_the_text_ends_where_it_says_and_tokens_begin_at_peaks():
    found = read_tokens(scored(3, 4, 4, END, 3), peaks(1, 5, 9, 15), blank=0, eos=END)
    assert (found.units, found.frames) == ((3, 4, 4), (1, 5, 9))
    assert found.confidences == pytest.approx((0.8,) * 3)
    assert found.score == pytest.approx(3 * np.log(0.8))


def test_what_is_no_unit_is_left_out_with_its_time():
    assert read_tokens(scored(3, 0, 4), peaks(1, 5, 9, 15), blank=0).frames == (1, 9)
    assert read_tokens(scored(3, 0, 4), blank=None).units == (3, 0, 4)


def test_times_are_not_known_where_peaks_and_tokens_differ_in_number():
    for given in (None, peaks(1, 5), peaks(1, 5, 9, 11, 15)):
        found = read_tokens(scored(3, 4, 4), given)
        assert (found.units, found.frames) == ((3, 4, 4), ())


def test_nothing_is_heard_in_nothing():
    for given in (scored(END), np.zeros((0, 5), np.float32)):
        assert read_tokens(given, peaks(), blank=0, eos=END).units == ()
