"""The vocoder graph of a stranger: a mel in; samples out, or magnitude and phase of every bin, which are inverted here.

Where it is known how far a frame reaches, a sentence is made piece by piece with that many frames around, and the samples are the
same however it is cut.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import OverlapAdd, hann_window, inverse
from tingshuo.config.graph_voice import VocoderRoles
from tingshuo.tasks.vocoder import chunk_borders
from tingshuo.types import Runs, Wav

Mel = NDArray[np.float32]


def render_mel(graph: Runs, roles: VocoderRoles, mel: Mel, *, first: bool, windows: bool = True) -> Iterator[Wav]:
    """Yield the samples of a sentence.

    Parameters
    ----------
    graph : Runs
        The graph ``vocoder``.
    roles : VocoderRoles
        Names of its input and outputs.
    mel : ndarray (n_mels, F)
        Of the sentence.
    first : bool
        Whether somebody is waiting for the first sound.
    windows : bool
        Make it in pieces where that is possible.

    Yields
    ------
    Wav
        ``F * hop`` samples in all; of a transform ``(F - 1) * hop``, from the centre of the first frame to that of the last.
    """
    frames, context = mel.shape[1], roles.context_frames
    borders = chunk_borders(frames, first=first) if context and windows else [0, frames]
    added = OverlapAdd(roles.n_fft, roles.hop_length) if roles.magnitude else None
    for start, stop in pairwise(borders):
        low, high = max(0, start - context), min(frames, stop + context)
        if added is None:
            yield _samples(graph, roles, mel[:, low:high], start - low, stop - low, whole=len(borders) == 2)
        else:
            made = transform_frames(graph, roles, mel[:, low:high])[start - low : stop - low]
            yield np.clip(added.push(made, stop == frames), -1, 1)


def _samples(graph: Runs, roles: VocoderRoles, mel: Mel, start: int, stop: int, *, whole: bool) -> Wav:
    """Return the samples of some of the frames of a piece."""
    wav = np.asarray(graph.run({roles.mel: given(roles, mel)})[roles.wav], np.float32).reshape(-1)
    hop = len(wav) // mel.shape[1]
    return np.clip(wav if whole else wav[start * hop : stop * hop], -1, 1)


def transform_frames(graph: Runs, roles: VocoderRoles, mel: Mel) -> Wav:
    """Return windowed frames of samples, (F, n_fft), of magnitude and phase."""
    outputs = graph.run({roles.mel: given(roles, mel)})
    magnitude, cos, sin = (np.asarray(outputs[name], np.float32)[0].T for name in (roles.magnitude, roles.cos, roles.sin))
    spectra = np.empty(magnitude.shape, np.complex64)
    np.multiply(magnitude, cos, out=spectra.real)
    np.multiply(magnitude, sin, out=spectra.imag)
    return inverse(spectra, roles.n_fft) * hann_window(roles.n_fft)


def given(roles: VocoderRoles, mel: Mel) -> Mel:
    """Return a mel (n_mels, F) as the graph wants it."""
    return np.ascontiguousarray((mel.T if roles.frames_first else mel)[None])
