"""Vectors that a net makes of something given again and again: a prompt, a text, a recording of a voice.

They are known by the hash of what was given, so the same words, or the same recording by another name, are one. Threads that ask
for the same at the same time wait for one of them.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.interrupt import uninterrupted

Array = NDArray[Any]

BUDGET_BYTES = 16_000_000
"""Of one voice: some 5000 vectors of 768 numbers."""


class Further(Protocol):
    """Where vectors may lie that are not in memory; it fails softly."""

    def get(self, key: str) -> Array | None:
        """Return a vector, None when it is not there or cannot be had."""
        ...

    def put(self, key: str, vector: Array) -> None:
        """Keep a vector, if it can be done; does not wait for it."""
        ...


class Figures(NamedTuple):
    """How often a vector was in memory when it was asked for, how often not, how many had to make room, and bytes kept."""

    hits: int
    misses: int
    evictions: int
    n_bytes: int


class Embeddings:
    """Vectors by content; those not asked for the longest make room. Threads may share it.

    Parameters
    ----------
    budget_bytes : int
        Of the vectors; the newest stays whatever its size.

    Attributes
    ----------
    further : Further or None
        Asked before a vector is made, and given each that was.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.further: Further | None = None
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Array] = OrderedDict()
        self._making: dict[str, Future[Array]] = {}
        self._hits = self._misses = self._evictions = self._n_bytes = 0

    @property
    def figures(self) -> Figures:
        """How it does."""
        return Figures(self._hits, self._misses, self._evictions, self._n_bytes)

    def get(self, content: bytes, make: Callable[[], Array]) -> Array:
        """Return the vector of a content, read-only; its own error when it cannot be made.

        Parameters
        ----------
        content : bytes
            All that the vector is made of.
        make : callable
            Makes it.
        """
        key = hashlib.sha256(content).hexdigest()
        with self._lock:
            if key in self._vectors:
                self._hits += 1
                self._vectors.move_to_end(key)
                return self._vectors[key]
            self._misses += 1
            waiting = self._making.get(key)
            making = self._making.setdefault(key, Future())
        if waiting is not None:
            return waiting.result()
        try:
            vector = self._find_or_make(key, make)
        except BaseException as error:
            with self._lock:
                del self._making[key]
            making.set_exception(error)
            raise
        self._keep(key, vector)
        making.set_result(vector)
        return vector

    def _find_or_make(self, key: str, make: Callable[[], Array]) -> Array:
        vector = None if self.further is None else self.further.get(key)
        if vector is None:
            with uninterrupted():
                vector = np.array(make())
            if self.further is not None:
                self.further.put(key, vector)
        vector.setflags(write=False)
        return vector

    def _keep(self, key: str, vector: Array) -> None:
        with self._lock:
            del self._making[key]
            self._vectors[key] = vector
            self._n_bytes += vector.nbytes
            while self._n_bytes > self._budget and len(self._vectors) > 1:
                _, oldest = self._vectors.popitem(last=False)
                self._n_bytes -= oldest.nbytes
                self._evictions += 1
