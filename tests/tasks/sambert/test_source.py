import numpy as np
import pytest

from tingshuo.tasks.sambert.source import Source, make_sines, read_f0


def test_f0_is_brought_back_to_hertz_and_never_below_its_floor():
    columns = np.array([[0, 0.7], [1, 0.59], [-9, 0.6]], np.float32)
    f0, voiced = read_f0(columns, 50.0, 180.0)
    assert f0.tolist() == [180, 230, 30]
    assert voiced.tolist() == [True, False, True]


def test_harmonics_are_sines_of_their_own_phase():
    f0 = np.full(5, 200.0, np.float32)
    phases, noise = np.array([0, 0.5], np.float32), np.zeros((2, 1000), np.float32)
    sines, _ = make_sines(f0, np.ones(5, bool), 16000, 200, phases, noise)
    assert sines.shape == (2, 5, 200)
    n = np.arange(1, 1001)  # the first sample is one step on
    np.testing.assert_allclose(sines[0].ravel(), 0.1 * np.sin(2 * np.pi * 200 * n / 16000), atol=1e-6)
    np.testing.assert_allclose(sines[1].ravel(), 0.1 * np.sin(2 * np.pi * 400 * n / 16000 + 0.5), atol=1e-6)


def test_without_voice_there_is_louder_noise_alone():
    noise = np.full((1, 400), 0.003, np.float32)
    sines, _ = make_sines(np.full(2, 100.0), np.array([True, False]), 16000, 200, np.zeros(1, np.float32), noise)
    np.testing.assert_allclose(sines[0, 1], 0.1 / 3, rtol=1e-6)
    assert sines[0, 0].max() == pytest.approx(0.103)


def test_a_minute_later_the_phase_is_still_right():
    frames = 60 * 80
    f0 = np.full(frames, 233.0, np.float32)
    sines, _ = make_sines(f0, np.ones(frames, bool), 16000, 200, np.zeros(1, np.float32), np.zeros((1, frames * 200), np.float32))
    cycle = float(np.float32(233.0) / np.float32(16000))
    expected = 0.1 * np.sin(2 * np.pi * ((np.arange(frames * 200 - 999, frames * 200 + 1) * cycle) % 1))
    np.testing.assert_allclose(sines[0].ravel()[-1000:], expected, atol=1e-6)


def test_however_frames_are_cut_the_sines_are_the_same():
    f0, voiced = np.linspace(80, 400, 37, dtype=np.float32), np.arange(37) % 5 > 0
    whole = Source(8, 16000, 200, (3, 0)).push(f0, voiced)
    cut = Source(8, 16000, 200, (3, 0))
    pieces = [cut.push(f0[a:b], voiced[a:b]) for a, b in ((0, 1), (1, 20), (20, 37))]
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole, atol=1e-6)
    assert np.abs(Source(8, 16000, 200, (4, 0)).push(f0, voiced) - whole).max() > 0.1


def test_the_fundamental_begins_at_zero():
    sines = Source(8, 16000, 200, (3, 0)).push(np.full(20, 100.0, np.float32), np.ones(20, bool)).reshape(8, -1)
    expected = 0.1 * np.sin(2 * np.pi * 100 * np.arange(1, 4001) / 16000)
    assert np.abs(sines[0] - expected).max() < 0.02  # noise of 0.003
    assert np.abs(sines[0] - expected).std() > 0.001
