"""Numbers that are nearly nothing are taken for nothing while a net learns: they would take the processor ages."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Flush denormal numbers to zero while the block, or a function with this before it, runs.

    Weights that are never learnt fade so far. It is a state of the whole processor, and others count on such numbers, so it ends
    with the training.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
