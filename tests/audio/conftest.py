"""Signals that several tests of the room use."""

from itertools import pairwise

import numpy as np
import pytest


@pytest.fixture(scope="session")
def speechlike():
    """Two seconds at 24 kHz: a gliding tone with harmonics that swells and fades, and a little noise."""
    time_s = np.arange(48000) / 24000
    phase = 2 * np.pi * (180 * time_s + 25 * time_s**2)
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    noise = np.random.default_rng(0).standard_normal(48000)
    return (0.2 * np.sin(np.pi * time_s / 2) * tone + 0.003 * noise).astype(np.float32)


def cuts_of(count, rng):
    """Return random borders of a sequence of ``count``, some of them equal: empty pieces."""
    return [0, *np.sort(rng.integers(0, count + 1, rng.integers(0, 12))).tolist(), count]


@pytest.fixture(scope="session")
def pieces():
    """Cut arrays along their first axis at random: ``pieces(rng, a, b)`` yields (a_i, b_i, is_last)."""

    def cut(rng, *arrays):
        borders = cuts_of(len(arrays[0]), rng)
        for index, (start, stop) in enumerate(pairwise(borders)):
            yield *(array[start:stop] for array in arrays), index == len(borders) - 2

    return cut
