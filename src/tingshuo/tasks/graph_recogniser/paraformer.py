"""What a Paraformer answers: all tokens at once, and where in the signal each of them begins.

Source: Gao et al. 2022, "Paraformer: Fast and Accurate Parallel Transformer for Non-autoregressive End-to-End Speech Recognition"
(https://arxiv.org/abs/2206.08317); that peaks are of one token more than there are is how its exports behave
(https://github.com/modelscope/FunASR, ``timestamp_utils.py``, MIT).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.tasks.recognise.search import Hypothesis

PEAK = 1 - 1e-4
"""Frames with this much or more begin a token."""


def read_tokens(
    log_probs: NDArray[np.float32], peaks: NDArray[Any] | None = None, *, blank: int | None = None, eos: int | None = None
) -> Hypothesis:
    """Return the best unit of each token up to the one that ends the text.

    Parameters
    ----------
    log_probs : NDArray
        (tokens, units).
    peaks : NDArray or None
        (frames,): near 1 or above where a token begins. There is one more for the end; where their number is another, the
        tokens have no times.
    blank : int or None
        A unit that is none, and is left out.
    eos : int or None
        The unit that ends the text.
    """
    best = log_probs.argmax(1) if len(log_probs) else np.zeros(0, np.int64)
    if eos is not None and (best == eos).any():
        best = best[: int((best == eos).argmax())]
    frames = np.flatnonzero(peaks > PEAK)[:-1] if peaks is not None else np.zeros(0, np.int64)
    kept = [n for n, unit in enumerate(best.tolist()) if unit != blank]
    values = [float(log_probs[n, best[n]]) for n in kept]
    return Hypothesis(
        tuple(int(best[n]) for n in kept),
        sum(values),
        tuple(int(frames[n]) for n in kept) if len(frames) == len(best) else (),
        tuple(float(np.exp(value)) for value in values),
    )
