"""A sentence as a voice of another system reads it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Symbols(NamedTuple):
    """N symbols.

    ``ids`` (N,) or (N, tables) are rows of the voice's tables; ``word_index`` and ``syllable_index`` (N,) int64 say which word of
    the sentence and which syllable of it a symbol belongs to, -1 for what stands between.
    """

    ids: NDArray[np.int64]
    word_index: NDArray[np.int64]
    syllable_index: NDArray[np.int64]
