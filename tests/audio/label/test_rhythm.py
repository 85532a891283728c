import numpy as np
import pytest

from tingshuo.audio.label.rhythm import EDGE_S, LENGTH_S, LOUDEST_DB, MARKS, QUIETEST_DB, UNIT_S, render_rhythm

MORSE = {".-": "A", "..": "I"}


def decoded(wav, rate):
    """Read Morse code by the lengths of sound and silence, without knowing the pitch."""
    on = np.convolve(np.abs(wav) > 0, np.ones(rate // 500), "same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]]).astype(int))) / rate / UNIT_S
    letters, before = [""], 0.0
    for start, stop in edges.reshape(-1, 2):
        letters += [""] if start - before > 2 else []
        letters[-1] += "-" if stop - start > 2 else "."
        before = stop
    return "".join(MORSE[letter] for letter in letters)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_the_rhythm_is_ai_in_morse_at_every_rate(rate):
    wav = render_rhythm(rate, -20)
    assert len(wav) == round(LENGTH_S * rate)
    assert wav.dtype == np.float32
    assert decoded(wav, rate) == "AI"


@pytest.mark.parametrize("rate", [16000, 22050])
def test_tones_begin_and_end_at_their_very_samples(rate):
    wav = render_rhythm(rate, -20)
    for start, length in MARKS:
        first, last = round(start * UNIT_S * rate), round((start + length) * UNIT_S * rate)
        assert not wav[max(0, first - 50) : first].any()
        assert not wav[last : last + 50].any()
        assert np.abs(wav[first + 1 : first + 4]).max() > 0
        assert np.abs(wav[last - 4 : last]).max() > 0


def test_the_level_is_that_of_the_tones_and_kept_in_reason():
    for asked, given in ((-20, -20), (0, LOUDEST_DB), (-90, QUIETEST_DB)):
        wav = render_rhythm(24000, asked)[round((2 * UNIT_S + EDGE_S) * 24000) : round((5 * UNIT_S - EDGE_S) * 24000)]
        assert 10 * np.log10(np.mean(wav**2)) == pytest.approx(given, abs=0.1)
        assert np.abs(wav).max() < 1


def test_edges_are_soft():
    wav = render_rhythm(24000, -12)
    assert np.abs(np.diff(wav)).max() < 0.09
    assert np.abs(wav[:48]).max() < 0.02
