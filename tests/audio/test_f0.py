import numpy as np
import pytest

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.source import PulseTrain

RATE, HOP = 24000, 256


def cents(estimate, truth):
    both = (estimate > 0) & (truth > 0)
    return 1200 * np.log2(estimate[both] / truth[both])


@pytest.mark.parametrize(("low", "high"), [(80, 500), (500, 80), (100, 200), (300, 100), (150, 150)])
@pytest.mark.parametrize("noise", [0, 0.3])
def test_sweeps_are_followed(low, high, noise):
    truth = np.geomspace(low, high, 300).astype(np.float32)
    wav = PulseTrain(RATE, HOP).extend(truth)
    wav += np.random.default_rng(0).standard_normal(len(wav)).astype(np.float32) * noise * wav.std()
    estimate = track_f0(wav, RATE, HOP)
    assert estimate.shape == (len(wav) // HOP + 1,)
    assert estimate.dtype == np.float32
    error = cents(estimate, truth)
    assert len(error) > (0.99 if not noise else 0.8) * len(truth)
    assert np.percentile(np.abs(error), 95) < 12
    assert np.abs(error).max() < 100


@pytest.mark.parametrize("rate", [16000, 44100])
def test_other_rates_and_hops(rate):
    truth = np.geomspace(120, 360, 200).astype(np.float32)
    hop = rate // 100
    error = cents(track_f0(PulseTrain(rate, hop).extend(truth), rate, hop), truth)
    assert len(error) > 190
    assert np.percentile(np.abs(error), 95) < 12


def test_a_weak_fundamental_is_not_taken_for_its_octave():
    time_s = np.arange(RATE) / RATE
    wav = sum(a * np.sin(2 * np.pi * 120 * k * time_s) for k, a in ((1, 0.05), (2, 1), (3, 0.6), (4, 0.8), (5, 0.3)))
    estimate = track_f0(wav.astype(np.float32), RATE, HOP)[5:-5]
    np.testing.assert_allclose(estimate, 120, rtol=0.01)


def test_unvoiced_stretches_are_zero():
    truth = np.repeat(np.array([200, 0, 300, 0], np.float32), 60)
    wav = PulseTrain(RATE, HOP).extend(truth)
    wav += np.random.default_rng(0).standard_normal(len(wav)).astype(np.float32) * 0.005
    estimate = track_f0(wav, RATE, HOP)
    for start, voiced in ((0, 1.0), (60, 0.0), (120, 1.0), (180, 0.0)):
        inner = estimate[start + 4 : start + 56]
        assert (inner > 0).mean() == pytest.approx(voiced, abs=0.02)


@pytest.mark.parametrize("samples", [0, 1, 5000])
def test_silence_has_no_pitch(samples):
    estimate = track_f0(np.zeros(samples, np.float32), RATE, HOP)
    assert estimate.shape == (samples // HOP + 1,)
    assert not estimate.any()


def test_noise_has_no_pitch():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert (track_f0(noise, RATE, HOP) > 0).mean() < 0.05
