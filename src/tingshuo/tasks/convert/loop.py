"""From content, pitch and draws of noise to samples, through the graphs of a voice: the order of calls, in numpy.

::

    graphs = {"encoder": ..., "flow": ..., "source": ..., "decoder": ...}       # sessions of an engine
    wav = convert(graphs, settings, Draws(...), content, speaker, f0=f0)

There is no torch here; a graph is anything with ``run(inputs) -> outputs``, such as `tingshuo.engine.onnx.Session`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.rvc import NOISE_SCALE
from tingshuo.types import Runs

Array = NDArray[Any]

LOWEST_HZ, HIGHEST_HZ, HIGHEST_PITCH = 50.0, 1100.0, 255


class Reaches(Protocol):
    """What knows how far the flow hears: the config of a bundle, or of a net."""

    @property
    def flow_context_frames(self) -> int:
        """Frames either side of a frame."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Normal draws of noise; zeros take the means and leave the source a clean sine."""

    latent: Array
    """(1, latent, frames of the flow), float32."""
    source: Array | None = None
    """(1, frames wanted, hop_length), float32; None where the voice is not told the pitch."""


def coarse_pitch(f0: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the rows of the pitch table for F0 in Hz, 0 = unvoiced: 1..255, evenly on the mel scale, halves to even."""
    mel = _mel(np.asarray(f0, np.float64))
    low, high = _mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
    scaled = (mel - low) * (HIGHEST_PITCH - 1) / (high - low) + 1
    pitch: NDArray[np.int64] = np.rint(np.clip(scaled, 1, HIGHEST_PITCH)).astype(np.int64)
    return pitch


def _mel(f0: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127 * np.log1p(f0 / 700)


def convert(
    graphs: Mapping[str, Runs],
    settings: Reaches,
    draws: Draws,
    content: Array,
    speaker: Array,
    f0: Array | None = None,
    head: int = 0,
    frames: int | None = None,
) -> Array:
    """Speak content with a voice.

    Parameters
    ----------
    graphs : mapping
        Sessions of ``encoder``, ``flow``, ``decoder``, and ``source`` where the voice is told the pitch.
    settings : Reaches
        Of the voice.
    draws : Draws
        Noise.
    content : array
        (N, content_dim), 100 vectors a second.
    speaker : array
        (speaker_dim,), a row of the speaker table.
    f0 : array or None
        (N,), Hz, 0 = unvoiced; None where the voice is not told the pitch.
    head, frames : int, int or None
        Frames to leave out at the begin, and frames wanted after them, all that there are where None. The encoder listens to
        everything, the flow to what its kernels reach before the wanted frames, and the source begins with these.

    Returns
    -------
    array
        (frames * hop_length,), in [-1, 1].
    """
    end = len(content) if frames is None else head + frames
    flow_begin = max(head - settings.flow_context_frames, 0)
    asked: dict[str, Array] = {"content": content[None]}
    if f0 is not None:
        asked["pitch"] = coarse_pitch(f0)[None]
    prior = graphs["encoder"].run(asked)
    mean, log_deviation = prior["mean"][:, :, flow_begin:], prior["log_deviation"][:, :, flow_begin:]
    latent = mean + np.exp(log_deviation) * draws.latent * np.float32(NOISE_SCALE)
    ours = graphs["flow"].run({"latent": latent, "speaker": speaker[None]})["speaker_latent"]
    spoken: dict[str, Array] = {"latent": ours[:, :, head - flow_begin : end - flow_begin], "speaker": speaker[None]}
    if f0 is not None and draws.source is not None:
        begin = {"f0": f0[None, head:end], "noise": draws.source, "phase": np.zeros(1, np.int64)}
        spoken["excitation"] = graphs["source"].run(begin)["excitation"]
    wav: Array = graphs["decoder"].run(spoken)["wav"][0]
    return wav
