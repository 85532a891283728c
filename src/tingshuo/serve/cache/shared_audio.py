"""Finished audio in Redis, for several machines together: what one has made, all can give, by its order and by its id.

How much Redis keeps is its own setting (``maxmemory`` with ``allkeys-lru``); every value goes by itself when its time is up.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tingshuo.serve.cache.redis_link import RedisLink
from tingshuo.serve.cache.shelf import ID

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIMIT_BYTES = 4 << 20
"""Of one value; what is larger stays on its machine."""
_PREFIX = "tingshuo:audio-1"
_KEY = re.compile(r"[0-9a-f]{64}")
_FORMAT = re.compile(r"[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Copy:
    """Finished audio, its id, what `tingshuo.serve.cache.shelf.Shelf.put` wants to know of it, and when it was made."""

    id: str
    audio: bytes
    fields: dict[str, Any]
    made_s: float

    def pack(self) -> bytes:
        """Return it as one value, with its hash."""
        head = {"id": self.id, "made_s": self.made_s, "fields": self.fields}
        body = json.dumps(head).encode() + b"\n" + self.audio
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    @classmethod
    def unpack(cls, value: bytes) -> "Copy | None":
        """Return what `pack` packed, None for anything else."""
        digest, _, body = value.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        head, _, audio = body.partition(b"\n")
        try:
            read = json.loads(head)
            copy = cls(read["id"], audio, read["fields"], float(read["made_s"]))
            names = {"id": (ID, copy.id), "key": (_KEY, copy.fields["key"]), "format": (_FORMAT, copy.fields["format"])}
            sound = all(pattern.fullmatch(name) for pattern, name in names.values())  # they become names of files
            return copy if sound and isinstance(copy.fields["reply"], dict) else None
        except (ValueError, TypeError, LookupError):
            return None


class SharedAudio:
    """The audio that servers share.

    Parameters
    ----------
    link : RedisLink
        To Redis.
    ttl_s : float
        As of the shelf.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, link: RedisLink, ttl_s: float, clock: Callable[[], float] = time.time) -> None:
        self.link, self._ttl_s, self._clock = link, ttl_s, clock

    async def find(self, key: str) -> Copy | None:
        """Return the audio of an order, None when it is not there or Redis is not."""
        found = await self.link.ask(lambda redis: redis.get(_name("order", key)))
        copy = await self.get(found.decode("ascii", "replace")) if isinstance(found, bytes) else None
        return copy if copy is not None and copy.fields["key"] == key else None

    async def get(self, result_id: str) -> Copy | None:
        """Return audio by its id, likewise."""
        if not ID.fullmatch(result_id):
            return None

        value = await self.link.ask(lambda redis: redis.get(_name("id", result_id)), body=True)
        copy = Copy.unpack(value) if isinstance(value, bytes) else None
        return copy if copy is not None and copy.id == result_id else None

    async def put(self, copy: Copy) -> None:
        """Let others have it, for as long as it is valid here."""
        left_ms = int(1000 * (self._ttl_s - abs(self._clock() - copy.made_s)))
        value = copy.pack()
        if left_ms <= 0 or len(value) > LIMIT_BYTES:
            return

        async def ask(redis: "Redis") -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.set(_name("id", copy.id), value, px=left_ms)
                pipeline.set(_name("order", copy.fields["key"]), copy.id, px=left_ms)
                await pipeline.execute()

        await self.link.ask(ask, body=True)


def _name(kind: str, name: str) -> str:
    return f"{_PREFIX}:{kind}:{name}"
