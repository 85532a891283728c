"""Connections to the Redis that an operator names, for whatever is shared there."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tingshuo.errors import EngineNotInstalledError, RequestError

if TYPE_CHECKING:
    from redis.asyncio import BlockingConnectionPool

_SCHEMES = ("redis", "rediss")


def open_pool(url: str, what: str, connections: int, **times_s: float) -> "BlockingConnectionPool":
    """Return a pool that tries nothing twice; no connection is made yet.

    Parameters
    ----------
    url : str
        ``redis://HOST:PORT/DB`` or ``rediss://``.
    what : str
        Is shared there, for a message.
    connections : int
        At most at the same time.
    **times_s
        ``timeout``, ``socket_timeout``, ``socket_connect_timeout``: seconds to wait for a connection, an answer, the other end.

    Raises
    ------
    RequestError
        The address is none of Redis.
    EngineNotInstalledError
        The ``redis`` extra is missing.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise RequestError(f"{shown(url)!r} is no address of Redis; give redis://HOST:PORT/DB or rediss://HOST:PORT/DB", "redis")
    try:
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(f"{what} in Redis need the redis extra: pip install 'tingshuo[redis]'") from error
    try:
        return BlockingConnectionPool.from_url(url, max_connections=connections, retry=Retry(NoBackoff(), 0), **times_s)
    except ValueError as error:
        raise RequestError(f"{shown(url)!r} is no address of Redis: {error}", "redis") from error


def shown(url: str) -> str:
    """Return an address without its password."""
    return url.rpartition("@")[2]
