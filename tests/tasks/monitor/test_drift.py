"""Two counts compared: by values that others have published, and by drawing."""

import numpy as np
import pytest

from tingshuo.tasks.monitor.drift import groups, kolmogorov_tail, ks, psi, psi_by_chance, regroup


def counts(*values):
    return np.array(values)


def test_psi_of_equal_shares_is_nothing():
    assert psi(counts(10, 20, 30), counts(10, 20, 30)) == 0
    assert psi(counts(1000, 2000, 3000), counts(100, 200, 300)) == pytest.approx(0, abs=1e-4)


def test_psi_is_the_sum_over_groups():
    """Two groups, 50:50 to 60:40: 0.1 ln(0.6 / 0.5) - 0.1 ln(0.4 / 0.5) = 0.0405, but for the half values."""
    assert psi(counts(50000, 50000), counts(60000, 40000)) == pytest.approx(0.0405, abs=1e-4)
    assert psi(counts(500, 500), counts(600, 400)) == psi(counts(600, 400), counts(500, 500))


def test_an_empty_group_is_large_and_not_infinite():
    assert 1 < psi(counts(100, 0), counts(50, 50)) < 10


def test_groups_have_a_tenth_each():
    reference = counts(0, 0, 5, 5, 3, 7, 30, 1, 1, 8, 20, 20, 0, 0)
    starts = groups(reference)
    assert starts.tolist() == [0, 4, 6, 7, 10, 11]
    assert min(regroup(reference, starts)) >= 10
    assert regroup(reference, starts).sum() == 100


def test_a_reference_in_one_bin_has_groups_left_and_right_of_it():
    """Recordings that were all brought to one level: other levels must be seen."""
    reference = counts(0, 0, 100, 0, 0)
    starts = groups(reference)
    assert starts.tolist() == [0, 2, 3]
    assert psi(regroup(reference, starts), regroup(counts(0, 0, 0, 0, 50), starts)) > 1
    assert groups(counts(100, 0)).tolist() == [0, 1]
    assert groups(counts(0, 100)).tolist() == [0, 1]


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 6.635), (4, 13.277), (9, 21.666), (19, 36.191)])
def test_chance_is_that_of_chi_square(degrees, quantile):
    """Upper 1 % points of the tables of chi-square."""
    assert psi_by_chance(degrees + 1, 200, 100) == pytest.approx(quantile * (1 / 200 + 1 / 100), rel=0.02)


def test_without_a_change_psi_stays_below_chance():
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    found = [psi(rng.multinomial(400, shares), rng.multinomial(100, shares)) for _ in range(1000)]
    assert 0.002 < np.mean(np.array(found) > psi_by_chance(10, 400, 100)) < 0.03
    assert np.mean(np.array(found) > 0.1) > 0.4  # the convention alone would cry wolf


@pytest.mark.parametrize(("x", "p"), [(1.2238, 0.10), (1.3581, 0.05), (1.6276, 0.01), (1.9495, 0.001)])
def test_kolmogorovs_distribution(x, p):
    """Critical values as tables print them."""
    assert kolmogorov_tail(x) == pytest.approx(p, rel=0.002)
    assert kolmogorov_tail(0.1) == 1
    assert kolmogorov_tail(0.2) == pytest.approx(1, abs=1e-9)


def test_ks_is_the_largest_distance_of_the_distributions():
    found = ks(counts(10, 10, 10, 10), counts(20, 10, 5, 5))
    assert found.distance == pytest.approx(0.25)
    root = np.sqrt(20)
    assert found.p == pytest.approx(kolmogorov_tail((root + 0.12 + 0.11 / root) * 0.25))
    assert ks(counts(5, 5), counts(50, 50)) == (0, 1)


def test_ks_is_rarely_small_without_a_change():
    rng = np.random.default_rng(1)
    shares = np.full(50, 0.02)
    p = [ks(rng.multinomial(300, shares), rng.multinomial(60, shares)).p for _ in range(500)]
    assert np.mean(np.array(p) < 0.05) < 0.07
