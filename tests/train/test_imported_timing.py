"""Symbols of a voice become our phones, syllable by syllable."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import ALL_PHONES, PAUSE, SILENCE, encode
from tingshuo.train.imported_symbols import Read
from tingshuo.train.imported_timing import lay_out

pytestmark = pytest.mark.train
FRAME_S, LEAD_S = 0.01, 0.05


def said(symbols):
    """A `Read` of (word, syllable, seconds) each; features are the symbol's number, from 1."""
    word, syllable, seconds = (np.array(column) for column in zip(*symbols, strict=True))
    hidden = np.arange(1, len(word) + 1, dtype=np.float32)[:, None]
    return Read(word, syllable, seconds.astype(np.float64), np.repeat(hidden, 2, 1))


def words_of(text, english=False):
    return next(Frontend(english=english).sentences(text)).words


def laid_out(text, symbols, frames=100, english=False):
    return lay_out(words_of(text, english), said(symbols), LEAD_S, frames, FRAME_S)


def phones(laid):
    """Phones with their frames and features."""
    sequence = encode(laid.words)
    return [(ALL_PHONES[k], n, h) for k, n, h in zip(sequence.ids, laid.durations, laid.hidden[:, 0], strict=True)]


def test_one_symbol_a_phone_is_taken_as_it_is():
    laid = laid_out("妈", [(-1, -1, 0.02), (0, 0, 0.1), (0, 0, 0.2), (-1, -1, 0.05)], frames=50)
    # 0.05 s of silence and 0.02 of the first symbol; the last frame ends the silence
    assert phones(laid) == [(SILENCE, 7, 1.0), ("m", 10, 2.0), ("a", 20, 3.0), (SILENCE, 13, 4.0)]


def test_what_a_voice_has_more_of_is_of_the_last_phone():
    """Initial, final, tone and filling, as a Piper has them; a syllable without an initial has one all the same."""
    laid = laid_out("妈", [(0, 0, 0.1), (0, 0, 0.2), (0, 0, 0.03), (0, 0, 0.02)])
    assert phones(laid)[1:3] == [("m", 10, 1.0), ("a", 25, 3.0)]
    laid = laid_out("啊", [(0, 0, 0.1), (0, 0, 0.2)])
    assert phones(laid)[1:2] == [("a", 30, 1.5)]


def test_what_it_has_fewer_of_is_cut_evenly():
    words = words_of("花儿")
    assert words[0].syllables[0].erhua
    laid = lay_out(words, said([(0, 0, 0.1), (0, 0, 0.2)]), LEAD_S, 100, FRAME_S)
    assert phones(laid)[1:4] == [("h", 10, 1.0), ("ua", 10, 2.0), ("R", 10, 2.0)]


def test_english_phones_are_taken_one_by_one():
    laid = laid_out("OK", [(0, 0, 0.1), (0, 1, 0.05), (0, 1, 0.2)], english=True)
    assert [phone for phone, *_ in phones(laid)] == [SILENCE, "en:OW", "en:K", "en:EY", SILENCE]
    assert [n for _, n, _ in phones(laid)][1:4] == [10, 5, 20]


@pytest.mark.parametrize(("gap_s", "pause"), [(0.2, True), (0.04, False)])
def test_a_pause_is_what_lasts_long_enough(gap_s, pause):
    words = words_of("妈妈，好")
    spoken = [w for w, word in enumerate(words) if word.syllables]
    symbols = [(spoken[0], k, 0.1) for k in (0, 0, 1, 1)] + [(-1, -1, gap_s)] + [(spoken[1], 0, 0.1)] * 2
    laid = lay_out(words, said(symbols), LEAD_S, 100, FRAME_S)
    found = phones(laid)[5]
    if pause:
        assert found == (PAUSE, 20, 5.0)
        assert next(word for word in laid.words if not word.syllables).pause_ms == 200
    else:
        assert found == ("h", 14, 6.0)
        assert all(word.syllables for word in laid.words)


def test_a_pause_that_the_text_does_not_ask_for_is_one_too():
    words = tuple(word for word in words_of("妈妈好") if word.syllables)
    symbols = [(0, k, 0.1) for k in (0, 0, 1, 1)]
    last = (0, 2) if len(words) == 1 else (1, 0)
    between = [] if len(words) == 1 else [(-1, -1, 0.3)]
    laid = lay_out(words, said([*symbols, *between, (*last, 0.1), (*last, 0.1)]), LEAD_S, 200, FRAME_S)
    assert sum(not word.syllables for word in laid.words) == len(between)
    assert laid.durations.sum() == 200


def test_nothing_is_guessed_where_a_syllable_was_left_out_or_time_is_short():
    assert laid_out("妈妈", [(0, 0, 0.1), (0, 0, 0.1)]) is None
    assert laid_out("妈", [(0, 0, 0.01), (0, 0, 0.01)], frames=3) is None
    assert laid_out("妈", [(-1, -1, 0.1)]) is None


def test_a_symbol_without_a_frame_takes_one_from_its_neighbour():
    laid = laid_out("妈", [(0, 0, 0.0), (0, 0, 0.2)], frames=40)
    assert [n for _, n, _ in phones(laid)] == [5, 1, 19, 15]
