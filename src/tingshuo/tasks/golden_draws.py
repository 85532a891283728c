"""Numbers that stand for random ones when a program is run to be compared: the same everywhere, from a name alone.

``seed = crc32(name)``; ``bits[i]`` is the i-th word of splitmix64 begun at ``mix(seed + STEP)``; the sum of its four 16-bit
parts, less its mean and over its deviation, is bell-shaped, of variance 1, and never beyond 3.47. No random generator is
involved, so any program can draw them.

Source: G. Steele, D. Lea and C. Flood 2014, "Fast splittable pseudorandom number generators", for the mixing of the bits.
"""

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import ConfigError

Array = NDArray[Any]

STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = np.uint64(31)
_PARTS = (0, 16, 32, 48)
_MEAN, _STD = 131070.0, math.sqrt((2**32 - 1) / 3)
_ZEROS = re.compile(r"zeros?|.*\breplaced by (?:zeros?|0)\b.*", re.IGNORECASE)
_LIKE = re.compile(r"as (\w+)\b.*")


def unit(name: str, shape: Sequence[int]) -> NDArray[np.float64]:
    """Return the numbers of a name, in C order: of mean 0 and variance 1."""
    start = _mixed(np.array([zlib.crc32(name.encode())], np.uint64) + STEP)
    bits = _mixed(start + np.arange(1, math.prod(shape) + 1, dtype=np.uint64) * STEP)
    total = np.zeros(len(bits))
    for part in _PARTS:
        total += (bits >> np.uint64(part)) & np.uint64(0xFFFF)
    drawn: NDArray[np.float64] = ((total - _MEAN) / _STD).reshape(tuple(shape))
    return drawn


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for shift, factor in _MIX:
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    mixed: NDArray[np.uint64] = words ^ (words >> _LAST_SHIFT)
    return mixed


@dataclass(frozen=True, slots=True)
class Draws:
    """What took the place of random numbers in a case.

    ``given`` are inputs of the case; ``told`` is its ``noise`` in the spec, None where it says nothing.
    """

    case: str
    given: Mapping[str, Array]
    told: str | None
    salt: str = ""

    def take(self, name: str, seed: str, shape: Sequence[int]) -> NDArray[np.float64]:
        """Return draws: those given as an input of that name, zeros, or those of the seed's name.

        Raises
        ------
        ConfigError
            The input has not as many numbers, or nothing is said of them.
        """
        if name in self.given:
            drawn = np.asarray(self.given[name], np.float64)
            if drawn.size != math.prod(shape):
                raise ConfigError(
                    f"case {self.case!r}: the input {name!r} has {drawn.size} random numbers, {list(shape)} are drawn"
                )
            return drawn.reshape(tuple(shape))
        if self.told is None:
            raise ConfigError(
                f"case {self.case!r}: does not say what took the place of random numbers; give the input {name!r} of shape "
                f"{list(shape)}, or 'noise': 'zeros' among its inputs in spec.json"
            )
        return np.zeros(tuple(shape)) if _ZEROS.fullmatch(self.told) else unit(seed + self.salt, shape)


def noise_of(inputs: Mapping[str, Any], case: str) -> str | None:
    """Return what a spec says of a case's random numbers; ``as OTHER, ...`` is what it says of the other case."""
    told = inputs.get(case)
    noise = told.get("noise") if isinstance(told, Mapping) else None
    if not isinstance(noise, str):
        return None
    like = _LIKE.fullmatch(noise)
    if like and like[1] != case and like[1] in inputs:
        return noise_of({name: row for name, row in inputs.items() if name != case}, like[1])
    return noise
