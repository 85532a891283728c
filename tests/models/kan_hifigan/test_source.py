import numpy as np
import pytest

from tingshuo.models.kan_hifigan.source import draw, make_sines, read_f0


def test_f0_is_brought_back_to_hertz_and_never_below_its_floor():
    columns = np.array([[0, 0.7], [1, 0.59], [-9, 0.6]], np.float32)
    f0, voiced = read_f0(columns, 50.0, 180.0)
    assert f0.tolist() == [180, 230, 30]
    assert voiced.tolist() == [True, False, True]


def test_harmonics_are_sines_of_their_own_phase():
    f0 = np.full(5, 200.0, np.float32)
    phases, noise = np.array([0, 0.5], np.float32), np.zeros((2, 1000), np.float32)
    sines = make_sines(f0, np.ones(5, bool), 16000, 200, phases, noise)
    assert sines.shape == (2, 5, 200)
    n = np.arange(1, 1001)  # the first sample is one step on
    np.testing.assert_allclose(sines[0].ravel(), 0.1 * np.sin(2 * np.pi * 200 * n / 16000), atol=1e-6)
    np.testing.assert_allclose(sines[1].ravel(), 0.1 * np.sin(2 * np.pi * 400 * n / 16000 + 0.5), atol=1e-6)


def test_without_voice_there_is_louder_noise_alone():
    noise = np.full((1, 400), 0.003, np.float32)
    sines = make_sines(np.full(2, 100.0), np.array([True, False]), 16000, 200, np.zeros(1, np.float32), noise)
    np.testing.assert_allclose(sines[0, 1], 0.1 / 3, rtol=1e-6)
    assert sines[0, 0].max() == pytest.approx(0.103)


def test_a_minute_later_the_phase_is_still_right():
    frames = 60 * 80
    f0 = np.full(frames, 233.0, np.float32)
    sines = make_sines(f0, np.ones(frames, bool), 16000, 200, np.zeros(1, np.float32), np.zeros((1, frames * 200), np.float32))
    cycle = float(np.float32(233.0) / np.float32(16000))
    expected = 0.1 * np.sin(2 * np.pi * ((np.arange(frames * 200 - 999, frames * 200 + 1) * cycle) % 1))
    np.testing.assert_allclose(sines[0].ravel()[-1000:], expected, atol=1e-6)


def test_the_fundamental_begins_at_zero_and_a_seed_repeats_itself():
    phases, noise = draw(np.random.default_rng(3), 8, 5000)
    assert phases[0] == 0
    assert np.abs(phases[1:]).max() <= np.pi
    assert len(set(phases.tolist())) == 8
    assert noise.shape == (8, 5000)
    assert noise.dtype == np.float32
    assert noise.std() == pytest.approx(0.003, rel=0.02)
    np.testing.assert_array_equal(draw(np.random.default_rng(3), 8, 5000)[1], noise)
