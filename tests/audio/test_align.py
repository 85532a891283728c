import numpy as np
import pytest

from tingshuo.audio.align import Path, align_speech, cheapest_path, speech_frames, warp
from tingshuo.audio.mel import log_mel
from tingshuo.audio.metrics import mcd_db
from tingshuo.config import MelConfig

MEL = MelConfig()


def spoken(*pieces):
    """Harmonics of 200 Hz whose colour changes; a piece is (frames, colour), None is silence."""
    out = []
    for frames, colour in pieces:
        t = np.arange(frames * 256) / 24000
        wave = sum(np.sin(2 * np.pi * 200 * k * t) / (1 + abs(k - (colour or 0))) for k in range(1, 30))
        out.append(wave * 0.05 if colour is not None else np.zeros(len(t)))
    return log_mel(np.concatenate(out).astype(np.float32), MEL)


def brute(cost):
    """Least cost over all paths, by recursion."""
    rows, columns = cost.shape
    best = np.full((rows, columns), np.inf)
    for i in range(rows):
        for j in range(columns):
            before = [best[a, b] for a, b in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if a >= 0 and b >= 0]
            best[i, j] = cost[i, j] + min(before, default=0)
    return best[-1, -1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (6, 1), (7, 4), (5, 9)])
def test_the_path_is_the_cheapest_and_takes_single_steps(shape):
    cost = np.random.default_rng(sum(shape)).random(shape)
    path = cheapest_path(cost)
    assert cost[path.first, path.second].sum() == pytest.approx(brute(cost))
    assert (path.first[0], path.second[0]) == (0, 0)
    assert (path.first[-1], path.second[-1]) == (shape[0] - 1, shape[1] - 1)
    for moved in (np.diff(path.first), np.diff(path.second)):
        assert set(moved.tolist()) <= {0, 1}


def test_equal_frames_take_the_diagonal():
    path = cheapest_path(np.zeros((4, 4)))
    assert path.first.tolist() == path.second.tolist() == [0, 1, 2, 3]


def test_speech_is_found_between_silences():
    part = speech_frames(spoken((20, None), (40, 5), (30, None)))
    assert abs(part.start - 20) <= 2
    assert abs(part.stop - 60) <= 3
    assert speech_frames(np.full((100, 7), -16.0)) == slice(0, 7)


def test_a_shift_in_time_is_absorbed():
    pieces = [(20, 3), (30, 9), (25, 15)]
    early, late = (spoken((lead, None), *pieces, (60 - lead, None)) for lead in (10, 30))
    path = align_speech(early, late)
    assert mcd_db(early[:, path.first], late[:, path.second]) < 0.05
    assert np.median(path.second - path.first) == 20


def test_another_pace_is_absorbed_and_another_voice_does_not_matter():
    slow = spoken((10, None), (40, 3), (60, 9), (10, None))
    fast = spoken((10, None), (20, 3), (30, 9), (10, None)) + np.linspace(0, -2, 100, dtype=np.float32)[:, None]
    path = align_speech(slow, fast)
    assert warp(np.array([30.0]), path)[0] == pytest.approx(50, abs=3)


def test_warping_follows_the_path_and_runs_on_beyond_it():
    path = Path(np.array([10, 11, 12, 13, 14, 15]), np.array([5, 5, 5, 6, 7, 7]))
    assert warp(np.array([5.0, 6.0, 7.0]), path).tolist() == [11.0, 13.0, 14.5]
    assert warp(np.array([3.0, 9.0]), path).tolist() == [9.0, 16.5]
