"""Vectors of prompts and recordings in Redis: what one server's net has read the others need not read again."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.serve.cache.redis_link import RedisLink

TTL_S = 86_400
"""A day; a vector is small and never becomes wrong, as its name has the hash of the bundle."""
_PREFIX = "tingshuo:vector-1"
_TYPES = ("<f4", "<f2", "<f8")


@dataclass(frozen=True, slots=True)
class SharedVectors:
    """The vectors that servers share."""

    link: RedisLink

    def of(self, bundle: str) -> "VectorsOf":
        """Return those of a voice, by the hash of its bundle."""
        return VectorsOf(self.link, bundle)


@dataclass(frozen=True, slots=True)
class VectorsOf:
    """See `tingshuo.tasks.embeddings.Further`; used from worker threads."""

    link: RedisLink
    bundle: str

    def get(self, key: str) -> NDArray[Any] | None:
        """Return a vector, None when it is not there, or is not what was put there."""
        value = self.link.ask_from_thread(lambda redis: redis.get(self._name(key)))
        return unpack(value) if isinstance(value, bytes) else None

    def put(self, key: str, vector: NDArray[Any]) -> None:
        """Keep a vector; does not wait for it."""
        value = pack(vector)
        self.link.ask_from_thread(lambda redis: redis.set(self._name(key), value, ex=TTL_S), wait=False)

    def _name(self, key: str) -> str:
        return f"{_PREFIX}:{self.bundle}:{key}"


def pack(vector: NDArray[Any]) -> bytes:
    """Return a vector as bytes: a hash, type and shape, and the numbers."""
    head = json.dumps([vector.dtype.str, vector.shape]).encode()
    body = head + b"\n" + vector.tobytes()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(value: bytes) -> NDArray[Any] | None:
    """Return what `pack` packed, None for anything else."""
    digest, _, body = value.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    head, _, numbers = body.partition(b"\n")
    try:
        kind, shape = json.loads(head)
        return np.frombuffer(numbers, kind).reshape(shape).copy() if kind in _TYPES else None
    except (ValueError, TypeError):
        return None
