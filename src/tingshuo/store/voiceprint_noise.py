"""Noise on a timbre, so that whose it is cannot be told for certain: the Gaussian mechanism of differential privacy.

A timbre is taken at unit length, noise of the same spread is added to every coordinate, and the sum is brought to unit length
again, which costs nothing of the promise. What is promised, (epsilon, delta): whatever is seen of the result, it is at most
e**epsilon times as likely with this person's timbre as with any other's, but for a chance of delta. Two timbres of unit length
are at most 2 apart, which is the sensitivity: the promise is about exchanging the person altogether, not about a small change
of the voice.

Source of the spread: B. Balle and Y.-X. Wang, "Improving the Gaussian mechanism for differential privacy: analytical
calibration and optimal denoising", 2018, theorem 8, https://arxiv.org/abs/1805.06530. Each further timbre of the same person
that is given away adds to epsilon and delta. Numbers of a computer are not real ones; a promise against somebody who looks at
their last bits is not made (I. Mironov, "On significance of the least significant bits for differential privacy", 2012).
"""

import math
import random
import secrets

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import RequestError

SENSITIVITY = 2.0
"""How far apart two vectors of unit length can be."""
_MAX_EPSILON = 500.0
"""Far beyond any use; above it e**epsilon leaves the range of a float."""
_MIN_DELTA = 1e-12
"""Below it the difference in `_delta` is rounding."""


def noise_sigma(epsilon: float, delta: float, sensitivity: float = SENSITIVITY) -> float:
    """Return the least standard deviation of Gaussian noise that keeps the promise (epsilon, delta).

    Parameters
    ----------
    epsilon : float
        Above 0, at most 500.
    delta : float
        From 1e-12 to less than 1.
    sensitivity : float
        How far apart, in Euclidean distance, two inputs can be.

    Raises
    ------
    RequestError
        A number is out of its range.
    """
    if not 0 < epsilon <= _MAX_EPSILON:
        raise RequestError(f"epsilon must be above 0 and at most {_MAX_EPSILON:g}, got {epsilon}", "epsilon")
    if not _MIN_DELTA <= delta < 1:
        raise RequestError(f"delta must be at least {_MIN_DELTA:g} and below 1, got {delta}", "delta")
    if not 0 < sensitivity < math.inf:
        raise RequestError(f"sensitivity must be above 0, got {sensitivity}", "sensitivity")
    low, high = 0.0, 1.0
    while _delta(high, epsilon) > delta:
        low, high = high, high * 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _delta(middle, epsilon) > delta else (low, middle)
    return high * sensitivity


def noisy_voiceprint(vector: NDArray[np.float32], epsilon: float, delta: float, seed: int | None = None) -> NDArray[np.float32]:
    """Return a timbre with noise, at unit length.

    Parameters
    ----------
    vector : ndarray of float32
        Shape (D,); its length does not matter, but it cannot be 0.
    epsilon, delta : float
        The promise, see `noise_sigma`.
    seed : int or None
        None draws from the system's randomness. With a seed the noise is always the same: whoever knows it can take it away
        again, so it is for experiments alone.

    Returns
    -------
    ndarray of float32
        Shape (D,).

    Raises
    ------
    RequestError
        The vector is not a finite one of shape (D,) with a length above 0, or a number is out of its range.
    """
    wide = np.asarray(vector, np.float64)
    length = float(np.linalg.norm(wide)) if wide.ndim == 1 and wide.size else math.nan
    if not (math.isfinite(length) and length > 0):
        raise RequestError("a timbre is a finite vector of shape (D,) that is not all zeros", "vector")
    sigma = noise_sigma(epsilon, delta)
    source: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)
    noisy = wide / length + [source.gauss(0.0, sigma) for _ in range(wide.size)]
    return (noisy / np.linalg.norm(noisy)).astype(np.float32)


def _delta(sigma: float, epsilon: float) -> float:
    """Return the least delta for a spread, at sensitivity 1 (theorem 8)."""
    near, far = 1 / (2 * sigma), epsilon * sigma
    return _normal(near - far) - math.exp(epsilon) * _normal(-near - far)


def _normal(x: float) -> float:
    """Return the chance that a standard normal variable is below x."""
    return math.erfc(-x / math.sqrt(2)) / 2
