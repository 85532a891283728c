"""Features at a low frame rate: several vectors side by side, every few vectors.

Source: Pundak and Sainath 2016, "Lower Frame Rate Neural Network Acoustic Models"; that the first and the last vector stand for
what lies before and behind the signal is how FunASR does it (https://github.com/modelscope/FunASR, ``funasr/frontends``, MIT).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def stack_frames(features: Array, window: int, stride: int) -> Array:
    """Return features at a lower rate.

    Parameters
    ----------
    features : NDArray
        (frames, D).
    window : int
        Vectors side by side, 1 or more; the middle one, or the one before the middle, is that of the new vector's time.
    stride : int
        Vectors from one new vector to the next, 1 or more.

    Returns
    -------
    NDArray
        (ceil(frames / stride), D * window).
    """
    if (window, stride) == (1, 1) or not len(features):
        return features.reshape(-(-len(features) // stride), features.shape[1] * window)
    middles = np.arange(0, len(features), stride)
    places = middles[:, None] + (np.arange(window) - (window - 1) // 2)
    stacked: Array = features[places.clip(0, len(features) - 1)].reshape(len(middles), -1)
    return stacked
