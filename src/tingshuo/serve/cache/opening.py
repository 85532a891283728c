"""From what an operator says to a store of finished audio."""

from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import RequestError
from tingshuo.serve.cache.redis_link import RedisLink
from tingshuo.serve.results import LIMIT_BYTES, TTL_S, Results


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Where and how long finished audio is kept; one for all processes of a server.

    Parameters
    ----------
    folder : Path or None
        Shared by processes, and kept when they end; None is a temporary one for each process.
    megabytes : int
        Of files, at least 1.
    ttl_s : float
        Seconds that audio is valid after it was made.
    redis : str or None
        Where several machines share it.

    Raises
    ------
    RequestError
        A value is out of range, or the folder is a file.
    """

    folder: Path | None = None
    megabytes: int = LIMIT_BYTES >> 20
    ttl_s: float = TTL_S
    redis: str | None = None

    def __post_init__(self) -> None:
        """Check, before anything is opened."""
        if self.megabytes < 1:
            raise RequestError(f"cache_mb must be at least 1, got {self.megabytes}", "cache_mb")
        if not 1 <= self.ttl_s <= _LONGEST_TTL_S:
            raise RequestError(f"cache_ttl must be 1 to {_LONGEST_TTL_S:g} seconds, got {self.ttl_s:g}", "cache_ttl")
        if self.folder is not None and self.folder.exists() and not self.folder.is_dir():
            raise RequestError(f"{self.folder} is no folder; give one for --cache-dir", "cache_dir")


_LONGEST_TTL_S = 30 * 86400.0


def open_results(options: CacheOptions) -> Results:
    """Return the store of one process; `Results.aclose` ends it.

    Raises
    ------
    RequestError
        The address is none of Redis.
    EngineNotInstalledError
        The ``redis`` extra is missing.
    OutputError
        The folder cannot be used.
    """
    link = None if options.redis is None else RedisLink(options.redis)
    return Results(options.megabytes << 20, options.ttl_s, folder=options.folder, link=link)
