"""What is said, in the speaker's own way: content vectors are drawn towards the nearest ones of the speaker's recordings.

::

    index = Retrieval(bundle.tensors("weights/index.safetensors")["vectors"])
    content = frames_of(index.blend(heard, share=0.75), frames)          # heard: (n, dim), 50 a second
    content = protect(content, frames_of(heard, frames), f0)

Source: infer/vc/pipeline.py of github.com/RVC-Project/Retrieval-based-Voice-Conversion-WebUI at 4338f12 (MIT). RVC looks into one
cell of an inverted file, and so, at the border of a cell, finds vectors that are not the nearest; here all of them are looked at.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEIGHBOURS = 8
INDEX_SHARE = 0.75
"""Of what is retrieved, where nobody says otherwise; own recordings of a minute need less."""
PROTECTED_SHARE = 0.33
"""Of what is retrieved in frames without pitch, where nobody says otherwise; at 0.5 and above nothing is protected."""
UNPROTECTED = 0.5
VECTORS_FRAMES = 2
"""Frames of which an encoder's vector tells."""
_LIKELY = 4
"""Candidates for each of the nearest: float32 products choose them, exact distances order them."""
_BLOCK_NUMBERS = 1 << 22
"""Products that are looked at together."""
_LEAST_DISTANCE = 1e-12
"""Squared, so that a vector which is itself in the index is not divided by nothing."""


class Retrieval:
    """Content vectors of a speaker, to be looked for.

    Parameters
    ----------
    vectors : array
        (n, dim), float32 or float16, at least one.
    """

    def __init__(self, vectors: NDArray[Any]) -> None:
        self.vectors: Floats = np.asarray(vectors, np.float32)
        self._squares: Floats = np.einsum("nd,nd->n", self.vectors, self.vectors)

    def nearest(self, queries: NDArray[Any], k: int = NEIGHBOURS) -> tuple[Floats, NDArray[np.int64]]:
        """Return the nearest vectors, all of them looked at.

        Parameters
        ----------
        queries : array
            (N, dim).
        k : int
            How many; at most as many as there are.

        Returns
        -------
        squared_distances, numbers : array
            (N, k) each, nearest first; of equals the one with the lower number.
        """
        k, queries = min(k, len(self.vectors)), np.asarray(queries, np.float32)
        rows = max(1, _BLOCK_NUMBERS // len(self.vectors))
        parts = [self._nearest(queries[at : at + rows], k) for at in range(0, len(queries), rows)]
        distances = [part[0] for part in parts] or [np.zeros((0, k), np.float32)]
        numbers = [part[1] for part in parts] or [np.zeros((0, k), np.int64)]
        return np.concatenate(distances), np.concatenate(numbers)

    def _nearest(self, queries: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        rough = self._squares - 2 * (queries @ self.vectors.T)
        likely = min(_LIKELY * k, len(self.vectors))
        chosen = np.sort(np.argpartition(rough, likely - 1, axis=1)[:, :likely], axis=1)
        exact = np.stack([np.square(self.vectors[row] - query).sum(1) for row, query in zip(chosen, queries, strict=True)])
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(exact, order, 1), np.take_along_axis(chosen, order, 1).astype(np.int64)

    def mean(self, queries: NDArray[Any], k: int = NEIGHBOURS) -> Floats:
        """Return what the speaker says instead, (N, dim): the mean of the nearest, weighted by ``(1 / distance ** 2) ** 2``."""
        squared, numbers = self.nearest(queries, k)
        weights = np.square(1 / np.maximum(squared.astype(np.float64), _LEAST_DISTANCE))
        weights /= weights.sum(1, keepdims=True)
        retrieved: Floats = np.einsum("nk,nkd->nd", weights.astype(np.float32), self.vectors[numbers])
        return retrieved

    def blend(self, heard: NDArray[Any], share: float = INDEX_SHARE, k: int = NEIGHBOURS) -> Floats:
        """Return content drawn towards the speaker's.

        Parameters
        ----------
        heard : array
            (N, dim), of the encoder.
        share : float
            Of what is retrieved, 0..1; 0 looks for nothing.
        k : int
            Neighbours.

        Returns
        -------
        array
            (N, dim) float32.
        """
        own = np.asarray(heard, np.float32)
        if share == 0:
            return own
        blended: Floats = np.float32(share) * self.mean(own, k) + np.float32(1 - share) * own
        return blended


def frames_of(content: NDArray[Any], frames: int) -> Floats:
    """Return a vector for each frame: (n, dim), 50 a second, each said twice -> (frames, dim), 100 a second.

    An encoder makes one vector less than fits in its last hop; the last one stands for what is missing.
    """
    rows = np.minimum(np.arange(frames) // VECTORS_FRAMES, len(content) - 1)
    said: Floats = np.asarray(content, np.float32)[rows]
    return said


def protect(retrieved: Floats, heard: Floats, f0: NDArray[Any], share: float = PROTECTED_SHARE) -> Floats:
    """Keep breath and consonants: in frames without pitch, content is mostly what was heard and not what was retrieved.

    Parameters
    ----------
    retrieved, heard : array
        (N, dim), a vector a frame.
    f0 : array
        (N,), Hz, 0 = unvoiced.
    share : float
        Of what was retrieved in frames without pitch, 0..0.5; 0.5 and above protects nothing.

    Returns
    -------
    array
        (N, dim) float32.
    """
    if share >= UNPROTECTED:
        return retrieved
    shares = np.where(np.asarray(f0) > 0, np.float32(1), np.float32(share))[:, None]
    protected: Floats = (shares * retrieved + (1 - shares) * heard).astype(np.float32)
    return protected
