"""How a cache does, in numbers that metrics read."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Looks that found something and that did not, entries that had to make room, and the bytes that are kept, if known."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    n_bytes: int | None = 0
