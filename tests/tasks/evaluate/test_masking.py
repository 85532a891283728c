import numpy as np
import pytest

from tingshuo.data.measures import measure_wav
from tingshuo.tasks.evaluate.masking import with_noise

RATE = 16000


def speech(seed=0, seconds=1.0):
    """Noise of low frequencies that comes and goes."""
    rng = np.random.default_rng(seed)
    wav = np.convolve(rng.standard_normal(int(RATE * seconds)), np.ones(16) / 16, "same")
    return (0.2 * wav * (np.sin(np.arange(len(wav)) / 1500) > 0)).astype(np.float32)


@pytest.mark.parametrize("snr_db", [20.0, 0.0, -5.0])
def test_the_noise_is_as_loud_as_it_was_asked_for(snr_db):
    wav = speech()
    level_db = measure_wav(wav, RATE).level_db
    noise = with_noise(wav, RATE, level_db, snr_db, "a") - wav
    assert 20 * np.log10(np.sqrt(np.square(noise).mean())) == pytest.approx(level_db - snr_db, abs=0.01)


def test_it_has_the_spectrum_of_the_speech():
    wav = speech(seconds=4.0)
    noise = with_noise(wav, RATE, -20, 0, "a") - wav
    low, high = (np.abs(np.fft.rfft(one)) ** 2 for one in (noise, wav))
    edge = len(low) // 4
    assert low[edge:].sum() / low.sum() == pytest.approx(high[edge:].sum() / high.sum(), rel=0.2)


def test_a_clip_gets_the_same_noise_each_time_and_another_clip_another():
    wav = speech()
    first = with_noise(wav, RATE, -20, 10, "a")
    assert (first == with_noise(wav, RATE, -20, 10, "a")).all()
    assert (first != with_noise(wav, RATE, -20, 10, "b")).any()


def test_nothing_is_cut_off():
    wav = speech()
    loud = with_noise(wav / np.abs(wav).max(), RATE, -10, -20, "a")
    assert np.abs(loud).max() <= 1
    assert loud.dtype == np.float32


@pytest.mark.parametrize("samples", [1, 50, 700])
def test_short_and_silent_clips(samples):
    assert np.isfinite(with_noise(np.zeros(samples, np.float32), RATE, -96, 0, "a")).all()
    assert len(with_noise(np.full(samples, 0.1, np.float32), RATE, -20, 0, "a")) == samples
