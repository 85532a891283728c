"""Codes of a neural codec to samples.

::

    decoder = open_decoder("encodec")
    wav = decoder.decode(codes)        # (Q, F) -> (F * hop_length,), float32

Codes come from elsewhere: of the codec itself, or of a model that speaks in them. Decoded in pieces or whole, samples are the
same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.codec import CodecBundleConfig
from tingshuo.engine.onnx import Session, open_graph
from tingshuo.errors import BundleError, RequestError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.windows import render_windows
from tingshuo.types import Wav

Array = NDArray[Any]
GRAPH = "vocoder"


class Decoder:
    """The graph of a bundle of the family ``codec``, driven.

    Parameters
    ----------
    settings : CodecBundleConfig
        Of the bundle.
    graph : Session
        The ``vocoder`` graph.
    """

    def __init__(self, settings: CodecBundleConfig, graph: Session) -> None:
        self.settings, self.graph = settings, graph
        self.sample_rate = settings.sample_rate

    def decode(self, codes: Array, bandwidth: float | None = None) -> Wav:
        """Return the samples of codes.

        Parameters
        ----------
        codes : ndarray
            (Q, F) of whole numbers, one row for each of the first Q codebooks.
        bandwidth : float or None
            Kilobits a second, one of those in the config; None is the one that has Q codes a frame.

        Returns
        -------
        Wav
            (F * hop_length,).

        Raises
        ------
        RequestError
            Codes are no numbers of a codebook, or there is no such bandwidth.
        """
        return np.concatenate([np.zeros(0, np.float32), *self.stream(codes, bandwidth, first=False)])

    def stream(self, codes: Array, bandwidth: float | None = None, *, first: bool = True) -> Iterator[Wav]:
        """Yield the samples of codes piece by piece, the first one soon where ``first``; see `decode`."""
        settings, row = self.settings, self.row_of(codes, bandwidth)
        context = (settings.vocoder_context_frames, settings.vocoder_context_frames)
        chosen = np.array([row], np.int64)
        return render_windows(
            self.graph,
            lambda low, high: {"codes": np.ascontiguousarray(codes[None, :, low:high], np.int64), "bandwidth": chosen},
            codes.shape[1],
            settings.frames.hop_length,
            context,
            first=first,
        )

    def row_of(self, codes: Array, bandwidth: float | None = None) -> int:
        """Return which of the bandwidths codes are decoded at; see `decode`."""
        _check_codes(self.settings, codes)
        known = self.settings.bandwidths
        if bandwidth is not None:
            rates = [one.kbps for one in known]
            if bandwidth not in rates:
                told = ", ".join(f"{rate:g}" for rate in rates)
                raise RequestError(f"unknown bandwidth {bandwidth:g} kbps; accepted: {told}", "bandwidth")
            return rates.index(bandwidth)
        counts = [one.codebooks for one in known]
        if len(codes) not in counts:
            told = ", ".join(f"{one.codebooks} at {one.kbps:g} kbps" for one in known)
            raise RequestError(f"{len(codes)} codes a frame are of no bandwidth: {told}; say which with bandwidth", "bandwidth")
        return counts.index(len(codes))


def open_decoder(path: str | Path, *, threads: int = 1) -> Decoder:
    """Open the bundle of a decoder.

    Raises
    ------
    BundleError
        It is damaged, or is no decoder of codes.
    """
    bundle = open_bundle(path)
    settings = bundle.settings
    if not isinstance(settings, CodecBundleConfig):
        raise BundleError(f"{bundle.path}: reads no codes, it is of the family {settings.family}")
    variant = bundle.manifest.variant(GRAPH, "fp32", "onnx")
    tensors = {name: tensor for file in variant.weights for name, tensor in bundle.tensors(file).items()}
    return Decoder(settings, open_graph(bundle.path / variant.path, tensors, threads=threads))


def _check_codes(settings: CodecBundleConfig, codes: Array) -> None:
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or not 1 <= len(codes) <= settings.codebooks:
        raise RequestError(
            f"codes are (Q, F) whole numbers with Q from 1 to {settings.codebooks}, not {list(codes.shape)} of {codes.dtype}",
            "codes",
        )
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < settings.codebook_size:
        raise RequestError(f"codes are numbers from 0 to {settings.codebook_size - 1}", "codes")
