"""Noise on timbres: as much as the promise asks for, and no more."""

import math

import numpy as np
import pytest

from tingshuo.errors import RequestError
from tingshuo.store.voiceprint_noise import SENSITIVITY, noise_sigma, noisy_voiceprint

VECTOR = np.linspace(-1, 2, 64, dtype=np.float32)


def promised_delta(sigma: float, epsilon: float, sensitivity: float) -> float:
    """The delta that noise of this spread keeps: how far one density exceeds the other, which is what theorem 8 is about."""
    x = np.linspace(-20 * sigma - sensitivity, 20 * sigma + sensitivity, 400_001)
    here, there = (np.exp(-(((x - at) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi)) for at in (sensitivity, 0.0))
    excess: float = np.maximum(here - math.exp(epsilon) * there, 0).sum() * (x[1] - x[0])
    return excess


@pytest.mark.parametrize("sensitivity", [1.0, 2.0])
@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-2), (1.0, 1e-5), (1.0, 0.3), (8.0, 1e-5), (30.0, 1e-6)])
def test_the_spread_keeps_the_promise_and_is_the_least_that_does(epsilon: float, delta: float, sensitivity: float) -> None:
    sigma = noise_sigma(epsilon, delta, sensitivity)
    assert promised_delta(sigma, epsilon, sensitivity) == pytest.approx(delta, rel=1e-3)
    assert promised_delta(0.99 * sigma, epsilon, sensitivity) > delta


@pytest.mark.parametrize("delta", [1e-5, 1e-3])
def test_it_is_less_than_the_classic_bound_asks_for(delta: float) -> None:
    """C. Dwork and A. Roth, "The algorithmic foundations of differential privacy", 2014, theorem A.1; for epsilon below 1."""
    classic = SENSITIVITY * math.sqrt(2 * math.log(1.25 / delta)) / 0.9
    assert 0.5 * classic < noise_sigma(0.9, delta) < classic


def test_more_privacy_is_more_noise() -> None:
    spreads = [noise_sigma(epsilon, 1e-5) for epsilon in (0.01, 0.1, 1, 10, 100, 500)]
    assert spreads == sorted(spreads, reverse=True)
    assert all(map(math.isfinite, spreads))
    assert noise_sigma(1, 1e-12) > noise_sigma(1, 1e-5) > noise_sigma(1, 0.5)


@pytest.mark.parametrize(
    ("numbers", "param"),
    [
        ((0, 1e-5), "epsilon"), ((-1, 1e-5), "epsilon"), ((501, 1e-5), "epsilon"), ((math.nan, 1e-5), "epsilon"),
        ((1, 0), "delta"), ((1, 1), "delta"), ((1, 1e-13), "delta"), ((1, math.nan), "delta"),
        ((1, 1e-5, 0), "sensitivity"), ((1, 1e-5, math.inf), "sensitivity"), ((1, 1e-5, math.nan), "sensitivity"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_named(numbers: tuple[float, ...], param: str) -> None:
    with pytest.raises(RequestError, match=f"{param} must be") as caught:
        noise_sigma(*numbers)
    assert caught.value.param == param


def test_the_result_has_unit_length_and_the_noise_has_the_spread_it_should() -> None:
    unit = VECTOR / np.linalg.norm(VECTOR)
    noisy = noisy_voiceprint(VECTOR, 100.0, 1e-5, seed=1)
    assert (noisy.dtype, noisy.shape) == (np.float32, VECTOR.shape)
    assert np.linalg.norm(noisy) == pytest.approx(1, abs=1e-6)
    cosines = [float(unit @ noisy_voiceprint(VECTOR, 100.0, 1e-5, seed=seed)) for seed in range(200)]
    expected = 1 / math.sqrt(1 + VECTOR.size * noise_sigma(100.0, 1e-5) ** 2)
    assert np.mean(cosines) == pytest.approx(expected, abs=0.03)


def test_the_length_of_a_timbre_does_not_matter() -> None:
    np.testing.assert_allclose(noisy_voiceprint(VECTOR, 50, 1e-5, 3), noisy_voiceprint(7 * VECTOR, 50, 1e-5, 3), atol=1e-6)


def test_a_seed_repeats_the_noise_and_the_system_does_not() -> None:
    assert np.array_equal(noisy_voiceprint(VECTOR, 5, 1e-5, 3), noisy_voiceprint(VECTOR, 5, 1e-5, 3))
    assert not np.array_equal(noisy_voiceprint(VECTOR, 5, 1e-5, 3), noisy_voiceprint(VECTOR, 5, 1e-5, 4))
    assert not np.array_equal(noisy_voiceprint(VECTOR, 5, 1e-5), noisy_voiceprint(VECTOR, 5, 1e-5))


@pytest.mark.parametrize(
    "vector", [np.zeros(4), np.array([1, np.nan]), np.array([np.inf]), np.ones((2, 2)), np.ones(0), np.float32(1)]
)
def test_what_has_no_direction_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(RequestError, match="a timbre is a finite vector of shape"):
        noisy_voiceprint(vector, 1, 1e-5)
