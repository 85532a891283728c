"""Speech of a clean recording, by its level."""

import numpy as np
import pytest

from tingshuo.audio.clean_speech import clean_speech
from tingshuo.audio.vad import HOP, SAMPLE_RATE


def sounds(*seconds):
    """Silence with the faintest noise and tones in turns."""
    rng = np.random.default_rng(0)
    pieces = [0.3 * (n % 2) * np.sin(np.arange(round(s * SAMPLE_RATE))) for n, s in enumerate(seconds)]
    wav = np.concatenate(pieces)
    return (wav + 1e-5 * rng.standard_normal(len(wav))).astype(np.float32)


def test_sounds_are_told_from_silence():
    flags = clean_speech(sounds(1, 0.5, 1))
    assert len(flags) == 125
    np.testing.assert_allclose(np.flatnonzero(flags)[[0, -1]], (50, 74), atol=1)


def test_short_pauses_are_closed_and_short_sounds_left_out():
    assert clean_speech(sounds(1, 0.5, 0.2, 0.5, 1)).sum() == pytest.approx(60, abs=3)
    assert clean_speech(sounds(1, 0.5, 0.4, 0.5, 1)).sum() == pytest.approx(50, abs=4)
    assert clean_speech(sounds(1, 0.5, 1, 0.03, 1)).sum() == pytest.approx(25, abs=3)


def test_nothing_is_speech_in_nothing():
    assert clean_speech(np.zeros(HOP - 1, np.float32)).shape == (0,)
    assert not clean_speech(np.zeros(SAMPLE_RATE, np.float32)).any()
