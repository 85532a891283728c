import numpy as np
import pytest

from tingshuo.audio.mel import log_mel
from tingshuo.audio.metrics import (
    click_ratio,
    clipped_samples,
    f0_rmse_cents,
    find_clicks,
    frame_rms_db,
    log_spectral_distance_db,
    mcd_db,
    mel_cepstra,
    spectra_distance_db,
    voicing_error,
)
from tingshuo.config import MelConfig


def test_a_jump_is_a_click_and_speech_is_not(speechlike):
    places = list(range(500, len(speechlike) - 500, 501))
    assert find_clicks(speechlike, places) == []
    jumped = speechlike.copy()
    jumped[places[7] :] += 0.3
    jumped[places[30]] += 0.3
    assert find_clicks(jumped, places) == [places[7], places[30]]


def test_a_kink_is_a_click():
    wav = np.sin(2 * np.pi * 200 * np.arange(4800) / 24000).astype(np.float32)
    wav[2400:] = -wav[2400:]
    assert click_ratio(wav, 2400) > 10
    assert click_ratio(wav, 1200) < 1.1


@pytest.mark.parametrize("position", [0, 1, 100])
def test_the_ends_and_silence_are_no_clicks(position):
    assert click_ratio(np.zeros(100, np.float32), position) == 0
    assert click_ratio(np.zeros(0, np.float32), 0) == 0


def test_clipping_is_counted_in_runs():
    wav = np.array([0, 1, 0, -1, -1, 0.5, 1, 1, 1], np.float32)
    assert clipped_samples(wav) == 5
    assert clipped_samples(wav, run=1) == 6
    assert clipped_samples(wav, run=3) == 3
    assert clipped_samples(np.full(9, 0.999, np.float32)) == 0


def test_levels_of_frames():
    wav = np.concatenate([np.zeros(2400), np.sin(2 * np.pi * 100 * np.arange(2400) / 24000)]).astype(np.float32)
    level = frame_rms_db(wav, 480, 240)
    assert level.shape == (21,)
    np.testing.assert_allclose(level[:9], -120)
    np.testing.assert_allclose(level[11:20], 10 * np.log10(0.5), atol=0.01)


def test_spectral_distance_of_a_gain_is_its_decibels(speechlike):
    assert log_spectral_distance_db(speechlike, speechlike) == 0
    assert log_spectral_distance_db(speechlike, speechlike * np.float32(0.5)) == pytest.approx(6.02, abs=0.5)


def test_mcd_ignores_the_level_and_sees_the_shape(speechlike):
    mel = log_mel(speechlike, MelConfig())
    assert mcd_db(mel, mel) == 0
    assert mcd_db(mel, mel + 1) < 1e-4
    # A cosine of amplitude a over the mel axis is one coefficient.
    ripple = 0.3 * np.cos(np.pi * 3 * (np.arange(100) + 0.5) / 100)
    expected = 10 / np.log(10) * np.sqrt(2) * 0.3
    assert mcd_db(mel, mel + ripple[:, None].astype(np.float32)) == pytest.approx(expected, rel=1e-4)


def test_f0_error_in_cents_where_both_are_voiced():
    a = np.array([100, 200, 0, 300], np.float32)
    b = np.array([200, 200, 150, 0], np.float32)
    assert f0_rmse_cents(a, b) == pytest.approx(1200 / np.sqrt(2))
    assert np.isnan(f0_rmse_cents(a, np.zeros(4, np.float32)))


def test_a_hundred_cents_are_a_hundred_cents():
    contour = np.linspace(150, 250, 50).astype(np.float32)
    higher = (contour * 2 ** (100 / 1200)).astype(np.float32)
    assert f0_rmse_cents(contour, contour) == 0
    assert f0_rmse_cents(contour, higher) == pytest.approx(100, abs=0.01)
    assert f0_rmse_cents(contour, higher, centered=True) == pytest.approx(0, abs=0.01)
    swinging = (contour * 2 ** (np.resize([50, -50], 50) / 1200)).astype(np.float32)
    assert f0_rmse_cents(swinging, higher, centered=True) == pytest.approx(50, abs=0.01)


def test_voicing_error_is_the_share_of_frames_that_differ():
    a = np.array([100, 200, 0, 0, 150], np.float32)
    assert voicing_error(a, a * 2) == 0
    assert voicing_error(a, np.array([100, 0, 0, 90, 150], np.float32)) == pytest.approx(0.4)


def test_cepstra_are_the_coefficients_of_a_cosine_series():
    w = np.pi * (np.arange(80) + 0.5) / 80
    mel = (1.5 + 0.7 * np.cos(w) - 0.2 * np.cos(5 * w))[:, None]
    expected = np.zeros(14)
    expected[[0, 1, 5]] = 1.5, 0.7, -0.2
    np.testing.assert_allclose(mel_cepstra(mel)[:, 0], expected, atol=1e-12)


def test_spectra_that_differ_by_a_factor_differ_by_its_decibels():
    spectra = np.random.default_rng(0).uniform(0.1, 1, (5, 9)).astype(np.float32)
    assert spectra_distance_db(spectra, spectra) == 0
    assert spectra_distance_db(spectra, 10 * spectra) == pytest.approx(20, rel=1e-5)


def test_different_lengths_are_our_own_mistake():
    for measure in (log_spectral_distance_db, spectra_distance_db, f0_rmse_cents, voicing_error):
        with pytest.raises(AssertionError):
            measure(np.ones(2000, np.float32), np.ones(2001, np.float32))
    with pytest.raises(AssertionError):
        mcd_db(np.ones((4, 5), np.float32), np.ones((4, 6), np.float32))
