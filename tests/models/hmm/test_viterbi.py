import numpy as np
import pytest

from tingshuo.models.hmm.viterbi import best_ways

LEAP = 3


def slow(score, optional):
    """The same, one cell at a time."""
    frames, size = score.shape
    best = np.full((frames, size), -np.inf)
    back = np.zeros((frames, size), int)
    best[0, 0] = score[0, 0]
    for t in range(1, frames):
        for j in range(size):
            ways = {0: best[t - 1, j]}
            if j:
                ways[1] = best[t - 1, j - 1]
            if j > LEAP and optional[j - LEAP]:
                ways[LEAP + 1] = best[t - 1, j - LEAP - 1]
            back[t, j] = max(ways, key=ways.get)
            best[t, j] = ways[back[t, j]] + score[t, j]
    path, j = [], size - 1
    for t in range(frames - 1, -1, -1):
        path.append(j)
        j -= back[t, j]
    return np.array(path[::-1]), best[-1, -1] / frames


def problems(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        size = int(rng.integers(8, 30))
        optional = np.zeros(size, bool)
        optional[3 : size - 4 : 7] = True
        yield rng.normal(-50, 4, (int(rng.integers(size, 90)), size)).astype(np.float32), optional


def test_a_batch_finds_what_a_slow_search_finds():
    given = list(problems(25))
    ways = best_ways([score for score, _ in given], [optional for _, optional in given], LEAP)
    leaps = 0
    for (score, optional), way in zip(given, ways, strict=True):
        positions, mean = slow(score.astype(np.float64), optional)
        np.testing.assert_array_equal(way.positions, positions)
        assert way.score == pytest.approx(mean, rel=1e-5)
        leaps += (np.diff(positions) == LEAP + 1).sum()
    assert leaps > 5


def test_a_way_does_not_depend_on_its_company():
    given = list(problems(6, seed=1))
    together = best_ways([score for score, _ in given], [optional for _, optional in given], LEAP)
    for (score, optional), way in zip(given, together, strict=True):
        np.testing.assert_array_equal(best_ways([score], [optional], LEAP)[0].positions, way.positions)


def test_the_ends_are_fixed_and_steps_allowed():
    for score, optional in problems(10, seed=2):
        positions = best_ways([score], [optional], LEAP)[0].positions
        steps = np.diff(positions)
        assert (positions[0], positions[-1]) == (0, score.shape[1] - 1)
        assert set(steps.tolist()) <= {0, 1, LEAP + 1}
        for t in np.flatnonzero(steps == LEAP + 1):
            assert optional[positions[t] + 1]


def test_too_few_frames_show_in_the_score():
    score = np.zeros((5, 9), np.float32)
    assert best_ways([score], [np.zeros(9, bool)], LEAP)[0].score < -1e25
