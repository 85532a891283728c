"""Durations and the shares of tokens in frames, as an EmotiVoice has them between its graphs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARPNESS = 0.1
"""Of the bell of a token over frames; source: https://github.com/netease-youdao/EmotiVoice, the Gaussian upsampling."""


def whole_frames(log_duration: NDArray[np.float32], speed: NDArray[Any] | float = 1.0) -> NDArray[np.int64]:
    """Return whole frames per token, (N,), at least one in all; halves are rounded to even.

    Parameters
    ----------
    log_duration : NDArray
        (N,), log(frames + 1).
    speed : NDArray or float
        What the frames are divided by, of all or of each token.
    """
    wanted = np.asarray((np.exp(log_duration) - 1) / np.asarray(speed, np.float32), np.float32)
    frames = np.maximum(np.round(wanted), 0).astype(np.int64)
    return frames if frames.any() else np.ones_like(frames)


def shares(frames: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return how much of each token is in each frame, (1, F, N): a bell around the token's middle; a frame's add up to one.

    Frame t counts as the point t, not as t + 0.5. All tokens take part, those of no frames too.
    """
    middles = np.cumsum(frames) - frames / 2
    bells = -SHARPNESS * (np.arange(frames.sum())[:, None] - middles) ** 2
    weights = np.exp(bells - bells.max(1, keepdims=True))
    spread: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)[None]
    return spread
