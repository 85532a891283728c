"""What a TensorRT plan depends on: its key in the cache, the lengths that it is planned for, and what INT8 scales are chosen on.

A plan holds for one kind of graphics card, driver and version of TensorRT alone, and building one takes minutes. Nothing here
needs any of these.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tingshuo.port.formats.source import Array, Arrays
from tingshuo.store.home import home
from tingshuo.types import GraphSpec

SHORTEST, USUAL, LONGEST = 1, 200, 2048
"""Sizes of a free dimension: 2048 frames are 22 s of speech, more than a sentence."""
Shapes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Smallest, usual and largest shape of an input."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a plan is for: name and compute capability of the graphics card, driver, version of TensorRT."""

    card: str
    capability: str
    driver: str
    tensorrt: str


def plan_key(machine: Machine, model: bytes, precision: str, feed: "CalibrationFeed | None" = None) -> str:
    """Return the name of a plan in the cache: another graph, weights, precision, scales or machine gives another."""
    digest = hashlib.sha256()
    parts = [machine.card, machine.capability, machine.driver, machine.tensorrt, precision, f"{SHORTEST} {USUAL} {LONGEST}"]
    for part in parts:
        digest.update(part.encode() + b"\0")
    digest.update(hashlib.sha256(model).digest())
    if feed is not None:
        digest.update(feed.sha256.encode())
    return digest.hexdigest()


def cached_plan(key: str) -> Path:
    """Return where a plan lies, whether it is there or not."""
    return home() / "cache" / "tensorrt" / f"{key}.plan"


def profile(spec: GraphSpec) -> dict[str, Shapes]:
    """Return the shapes that a graph's inputs are planned for; what is fixed stays so."""

    def at(shape: tuple[int | str, ...], free: int) -> tuple[int, ...]:
        return tuple(free if isinstance(size, str) else size for size in shape)

    return {name: (at(shape, SHORTEST), at(shape, USUAL), at(shape, LONGEST)) for name, (_, shape) in spec.inputs.items()}


class CalibrationFeed:
    """Inputs of a graph as TensorRT's calibrator takes them: each of the usual shape, repeated or cut to it.

    Parameters
    ----------
    spec : GraphSpec
        Of the graph.
    seen : Sequence[Arrays]
        What the graph was given when real sentences were spoken, see `tingshuo.port.calibration`.
    """

    def __init__(self, spec: GraphSpec, seen: Sequence[Mapping[str, Array]]) -> None:
        self._spec = spec
        self._batches = [self._fitted(inputs) for inputs in seen]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._batches)

    def __iter__(self) -> Iterator[Arrays]:
        """Yield them in order."""
        return iter(self._batches)

    @property
    def sha256(self) -> str:
        """Of all of them."""
        digest = hashlib.sha256()
        for batch in self._batches:
            for name, array in sorted(batch.items()):
                digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()

    def _fitted(self, inputs: Mapping[str, Array]) -> Arrays:
        fitted: Arrays = {}
        for name, (_, shape) in self._spec.inputs.items():
            array = inputs[name]
            for axis, size in enumerate(shape):
                if isinstance(size, str):
                    array = np.take(array, np.arange(USUAL) % array.shape[axis], axis)
            fitted[name] = np.ascontiguousarray(array)
        return fitted
