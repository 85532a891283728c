"""Who is asking at this moment, for what a request reaches without being handed it; None where nobody does, as at the start."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tingshuo.serve.access.gate import Caller

CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def calling(caller: Caller | None) -> Iterator[None]:
    """Have `CALLER` be somebody, or nobody, while the block runs."""
    before = CALLER.set(caller)
    try:
        yield
    finally:
        CALLER.reset(before)
