"""Measures of made-up recordings whose noise, silences, clipping and bandwidth are known."""

import numpy as np
import pytest

from tingshuo.audio.resample import resample
from tingshuo.data.measures import measure_wav

RATE = 24000


def recording(seconds=1.0, *, lead_s=0.3, tail_s=0.2, noise_db=-60.0, speech_db=-20.0, rate=RATE):
    """White speech between white noise: the level of both is exact."""
    rng = np.random.default_rng(1)
    lead, n, tail = (round(s * rate) for s in (lead_s, seconds, tail_s))
    wav = 10 ** (noise_db / 20) * rng.standard_normal(lead + n + tail)
    wav[lead : lead + n] = 10 ** (speech_db / 20) * rng.standard_normal(n)
    return wav.astype(np.float32)


def test_levels_and_silences_are_those_that_were_made():
    m = measure_wav(recording(), RATE)
    assert m.duration_s == pytest.approx(1.5)
    assert m.level_db == pytest.approx(-20, abs=0.5)
    assert m.noise_db == pytest.approx(-60, abs=1)
    assert m.snr_db == pytest.approx(40, abs=1)
    assert m.lead_s == pytest.approx(0.3, abs=0.03)
    assert m.tail_s == pytest.approx(0.2, abs=0.03)
    assert m.speech_s == pytest.approx(1.0, abs=0.05)
    assert m.pause_s < 0.02
    assert m.clipped == 0


def test_the_longest_pause_inside_is_found():
    part = recording(0.4)
    m = measure_wav(np.concatenate([part, part, recording(0.4, lead_s=0.8)]), RATE)
    assert m.pause_s == pytest.approx(1.0, abs=0.05)


def test_noise_lowers_the_ratio():
    assert measure_wav(recording(noise_db=-30), RATE).snr_db == pytest.approx(10, abs=1)


@pytest.mark.parametrize("gain", [1.0, 0.4])
def test_flat_tops_are_clipping_also_when_the_level_was_set_afterwards(gain):
    vowel = np.sin(2 * np.pi * 200 / RATE * np.arange(RATE)).astype(np.float32)
    cut = np.clip(vowel, -0.7, 0.7) / 0.7 * gain
    assert measure_wav(0.9 * vowel, RATE).clipped == 0
    assert measure_wav(cut.astype(np.float32), RATE).clipped == pytest.approx(np.mean(np.abs(vowel) >= 0.7), rel=0.05)


def test_a_loud_low_tone_is_not_clipped():
    tone = (0.9 * np.sin(2 * np.pi * 80 / RATE * np.arange(RATE))).astype(np.float32)
    assert measure_wav(tone, RATE).clipped == 0


@pytest.mark.parametrize(("rate", "expected"), [(24000, 12000), (16000, 8000), (8000, 4000)])
def test_the_bandwidth_of_an_upsampled_recording_is_that_of_its_source(rate, expected):
    wav = resample(recording(rate=rate), rate, RATE)
    assert measure_wav(wav, RATE).bandwidth_hz == pytest.approx(expected, abs=400)


def test_dc_is_the_mean():
    assert measure_wav(recording() + np.float32(0.02), RATE).dc == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize("n", [1, 10, 700, 24000])
def test_silence_of_any_length_has_no_speech(n):
    m = measure_wav(np.zeros(n, np.float32), RATE)
    assert m.speech_s == 0
    assert np.isfinite([value for value in m if not isinstance(value, str)]).all()


def test_a_copy_has_the_same_fingerprint_and_another_recording_has_not():
    wav = recording()
    assert measure_wav(wav, RATE).fingerprint == measure_wav(wav.copy(), RATE).fingerprint
    assert measure_wav(wav, RATE).fingerprint != measure_wav(-wav, RATE).fingerprint
