import numpy as np
import pytest

from tingshuo.tasks.evaluate.calibration import Bin, calibrate


def test_figures_of_a_few():
    found = calibrate([0.95, 0.95, 0.95, 0.95, 0.25, 0.25, 1.0], [True, True, True, False, False, True, True])
    assert found is not None
    assert found.n == 7
    assert found.accuracy == pytest.approx(5 / 7)
    assert found.confidence == pytest.approx((4 * 0.95 + 0.5 + 1) / 7)
    low, high = found.bins
    assert low == Bin(0.2, 0.3, 2, 0.25, 0.5)
    assert (high.low, high.high, high.n) == (0.9, 1.0, 5)
    assert (high.confidence, high.accuracy) == pytest.approx((0.96, 0.8))
    assert found.ece == pytest.approx((2 * 0.25 + 5 * 0.16) / 7)
    # Ten pairs of right and wrong: 2.5 of three at 0.95 with one at 0.95, and so on.
    assert found.ranking == pytest.approx((3 * 0.5 + 3 * 1 + 0 + 0.5 + 1 + 1) / 10)


def test_who_is_as_often_right_as_sure_has_no_error():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0, 1, 20000)
    found = calibrate(sure, rng.uniform(0, 1, 20000) < sure)
    assert found is not None
    assert found.ece < 0.015
    assert len(found.bins) == 10
    assert found.ranking == pytest.approx(5 / 6, abs=0.01)


def test_who_is_always_sure_errs_by_his_errors():
    found = calibrate([1.0] * 4, [True, False, True, False])
    assert found is not None
    assert (found.ece, found.ranking) == (0.5, 0.5)


def test_all_right_cannot_be_ranked_and_nothing_is_none():
    found = calibrate([0.5, 2.0, float("nan")], [True, True, False])
    assert found is not None
    assert (found.n, found.confidence) == (2, 0.75)
    assert np.isnan(found.ranking)
    assert calibrate([], []) is None
    assert calibrate([float("nan")], [True]) is None
