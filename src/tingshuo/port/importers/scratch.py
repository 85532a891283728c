"""Arrays that lie on the disk: weights that were computed from those of a checkpoint, which need not all fit into memory."""

import mmap
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT_BYTES = 1 << 16
"""What is smaller stays in memory."""


def on_disk(array: NDArray[Any]) -> NDArray[Any]:
    """Write an array to a file without a name, which goes when nobody uses it any more, and return it mapped and read-only.

    Raises
    ------
    OSError
        There is no room.
    """
    if array.nbytes < KEPT_BYTES:
        return array
    with tempfile.TemporaryFile(prefix="tingshuo-") as file:
        file.write(np.ascontiguousarray(array).data)
        file.flush()
        mapped = mmap.mmap(file.fileno(), array.nbytes, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, array.dtype).reshape(array.shape)
