"""Utterances of any length side by side, each at another tempo."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.errors import DataError


class Windows(NamedTuple):
    """``features`` (B, T, M) as they are, quiet behind each; ``lengths`` (B,) frames of each."""

    features: Tensor
    lengths: Tensor


def stretched(mels: Sequence[NDArray[np.float32]], tempos: Sequence[float], frames: int) -> Windows:
    """Return utterances as if they were said faster or slower, side by side.

    Parameters
    ----------
    mels : sequence of NDArray
        (F, M) each, log-mels.
    tempos : sequence of float
        Above 1 is faster: F frames become F / tempo, rounded up.
    frames : int
        Of the windows; none is longer.

    Raises
    ------
    DataError
        One is longer.
    """
    windows = np.empty((len(mels), frames, mels[0].shape[1]), np.float32)
    lengths = []
    for window, mel, tempo in zip(windows, mels, tempos, strict=True):
        length = int(np.ceil(len(mel) / tempo))
        if length > frames:
            raise DataError(f"an utterance of {length} frames does not fit into {frames}")
        at = np.minimum(np.arange(length, dtype=np.float32) * np.float32(tempo), len(mel) - 1)
        low = at.astype(np.int64)
        share = (at - low)[:, None]
        window[:length] = mel[low] * (1 - share) + mel[np.minimum(low + 1, len(mel) - 1)] * share
        window[length:] = mel.min(0)
        lengths.append(length)
    return Windows(torch.from_numpy(windows), torch.tensor(lengths))
