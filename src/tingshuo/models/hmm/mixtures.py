"""Mixtures of Gaussians with diagonal covariances, one for each state: how likely a frame is in it, and their re-estimation.

S states, K Gaussians in each, D features. Likelihoods are one matrix product: the exponent of a Gaussian is linear in the
features and their squares.

Source of re-estimation with a prior: J.-L. Gauvain and C.-H. Lee, "Maximum a posteriori estimation for multivariate Gaussian
mixture observations of Markov chains", 1994.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SPLIT_STEP = 0.2
"""Standard deviations by which the two halves of a Gaussian part."""
LEAST_FRAMES = 3.0
"""A Gaussian that owns fewer frames stays as it is."""


class Mixtures:
    """Gaussians of all states.

    Parameters
    ----------
    mean, variance : ndarray (S, K, D)
        Of the Gaussians.
    weight : ndarray (S, K)
        Shares, which sum to 1 in each state.
    """

    def __init__(self, mean: Floats, variance: Floats, weight: Floats) -> None:
        self.mean, self.variance, self.weight = mean, variance, weight
        self._prepare()

    @classmethod
    def start(cls, states: int, size: int) -> "Mixtures":
        """Return one Gaussian a state, of mean 0 and variance 1."""
        shape = (states, 1, size)
        return cls(np.zeros(shape, np.float32), np.ones(shape, np.float32), np.ones(shape[:2], np.float32))

    def _prepare(self) -> None:
        """Derive the factors of the matrix products: (K, S, 2 D) and (K, S)."""
        mean, variance = self.mean.astype(np.float64), self.variance.astype(np.float64)
        slopes = np.concatenate([-0.5 / variance, mean / variance], axis=2).astype(np.float32)
        self._slopes: Floats = np.ascontiguousarray(slopes.swapaxes(0, 1))
        constants = np.log(2 * np.pi * variance).sum(2) + (mean**2 / variance).sum(2)
        self._constants: Floats = (np.log(self.weight.astype(np.float64)) - 0.5 * constants).T.astype(np.float32)

    def tensors(self) -> dict[str, Floats]:
        """Return what `from_tensors` takes."""
        return {"mean": self.mean, "variance": self.variance, "weight": self.weight}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.floating[Any]]]) -> "Mixtures":
        """Rebuild mixtures from their tensors, of any precision."""
        return cls(*(tensors[name].astype(np.float32) for name in ("mean", "variance", "weight")))

    def score(self, frames: Floats, states: Ints | None = None) -> Floats:
        """Return log-likelihoods (T, len(states)) of frames (T, D); None is all states."""
        each = self._each(frames, slice(None) if states is None else states)
        if len(each) == 1:
            single: Floats = each[0]
            return single
        top: Floats = each.max(axis=0)
        np.subtract(each, top, out=each)
        np.exp(each, out=each)
        total: Floats = each.sum(axis=0)
        np.log(total, out=total)
        return np.add(total, top, out=total)

    def _each(self, frames: Floats, states: Ints | slice) -> Floats:
        """Return log-likelihoods of each Gaussian with its weight, (K, T, states)."""
        both = np.concatenate([np.square(frames), frames], axis=1)
        slopes, constants = self._slopes[:, states], self._constants[:, states]
        out: Floats = np.stack([both @ part.T for part in slopes])
        out += constants[:, None]
        return out

    def copy(self) -> "Mixtures":
        """Return mixtures of their own with the same values."""
        return Mixtures(self.mean.copy(), self.variance.copy(), self.weight.copy())

    def take(self, states: Ints) -> "Mixtures":
        """Return mixtures whose state k is a copy of state ``states[k]`` of these."""
        return Mixtures(self.mean[states], self.variance[states], self.weight[states])

    def split(self) -> None:
        """Make two of every Gaussian."""
        step: Floats = np.float32(SPLIT_STEP) * np.sqrt(self.variance)
        self.mean = np.concatenate([self.mean + step, self.mean - step], axis=1)
        self.variance = np.concatenate([self.variance] * 2, axis=1)
        self.weight = np.concatenate([self.weight] * 2, axis=1) * np.float32(0.5)
        self._prepare()

    def update(
        self,
        frames: Floats,
        states: Ints,
        variance_floor: float,
        prior: "Mixtures | None" = None,
        prior_frames: float = 0.0,
    ) -> None:
        """Re-estimate all Gaussians from frames (T, D) and the state of each (T,): one step of expectation maximisation.

        With a prior, of the same shape, each of its Gaussians counts as so many frames more; without one, a Gaussian of few
        frames stays as it is.
        """
        order = np.argsort(states, kind="stable")
        borders = np.searchsorted(states[order], np.arange(len(self.weight) + 1))
        weight = self.weight.copy()
        for state in np.flatnonzero(np.diff(borders)):
            x = frames[order[borders[state] : borders[state + 1]]]
            share = self._shares(x, int(state))
            count = share.sum(axis=0)
            heard, sums, squares = count + 1, share.T @ x.astype(np.float64), share.T @ np.square(x, dtype=np.float64)
            if prior is not None:
                before = prior.mean[state].astype(np.float64)
                heard = count + prior_frames * len(count) * prior.weight[state].astype(np.float64)
                sums += prior_frames * before
                squares += prior_frames * (before**2 + prior.variance[state])
                count = count + prior_frames
            total = np.maximum(count, 1e-3)[:, None]
            mean = sums / total
            known = count > LEAST_FRAMES
            self.mean[state][known] = mean[known]
            self.variance[state][known] = np.maximum(squares / total - mean**2, variance_floor)[known]
            weight[state] = heard / heard.sum()
        self.weight = weight
        self._prepare()

    def _shares(self, x: Floats, state: int) -> NDArray[np.float64]:
        """Return how much of each frame belongs to each Gaussian of a state, (T, K)."""
        each = self._each(x, slice(state, state + 1))[:, :, 0].T.astype(np.float64)
        share: NDArray[np.float64] = np.exp(each - each.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return share
