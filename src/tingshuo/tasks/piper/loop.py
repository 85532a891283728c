"""From phonemes to samples with the graphs of a VITS voice: what lies between them, in numpy, as it is done when a voice speaks.

::

    sentence = plan(graphs, sizes, ids, scales, rng)
    for wav in speak(graphs, sizes, sentence, window=48):
        ...

Each function takes the graphs by name; a graph is anything with ``run(inputs) -> outputs``, such as
`tingshuo.engine.onnx.Session`. There is no torch here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import RequestError
from tingshuo.types import Runs

Array = NDArray[Any]
MAX_FRAMES = 50_000
"""Of one sentence: ten minutes at medium quality. More is a length scale that nobody means, or draws that went astray."""


Graphs = Mapping[str, Runs]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the loop knows of a net; named as in `tingshuo.models.vits.config.VitsConfig`."""

    latent: int
    hop_length: int
    decoder_context_frames: int
    stochastic: bool = True


@dataclass(frozen=True, slots=True)
class Scales:
    """How freely a voice speaks, and how fast; the defaults are Piper's."""

    noise: float = 0.667
    """Of the draws of the latents; 0 takes the means."""
    length: float = 1.0
    """Factor of every duration."""
    duration_noise: float = 0.8
    """Of the draws of the durations."""


class Noise(Protocol):
    """What draws normal numbers: a generator of numpy, or what stands for one."""

    def standard_normal(self, size: tuple[int, int], dtype: type[np.float32], /) -> Array:
        """Return draws: of a sentence those of the durations first, (2, N), then those of the latents, (latent, F)."""
        ...


@dataclass(frozen=True, slots=True)
class Draws:
    """Normal draws of one sentence, not scaled yet."""

    duration: Array
    """(2, N), float32."""
    latent: Array
    """(latent, F), float32; may be longer than the sentence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A sentence before its first sample."""

    durations: Array
    """(N,) int64, frames of each phoneme, at least 1."""
    latents: Array
    """(1, latent, F), as the decoder wants them."""
    speaker: Array | None
    """(speaker_dim,); None where there is only one."""

    @property
    def n_frames(self) -> int:
        """Frames of the sentence."""
        return int(self.latents.shape[2])


def plan(graphs: Graphs, sizes: Sizes, ids: Array, scales: Scales, draws: Draws | Noise, speaker: Array | None = None) -> Plan:
    """Lay a sentence out in time and draw its latents.

    Parameters
    ----------
    graphs : mapping
        ``encoder``, ``duration`` and ``flow``.
    sizes : Sizes
        Of the net.
    ids : array
        (N,), phoneme ids.
    scales : Scales
        How freely and how fast.
    draws : Draws or Noise
        Numbers, or what draws them.
    speaker : array or None
        (speaker_dim,), a row of the speaker table or a mixture of rows; None where there is only one.

    Raises
    ------
    RequestError
        The sentence would last longer than `MAX_FRAMES`.
    """
    encoded = graphs["encoder"].run({"ids": ids[None]})
    given = {} if speaker is None else {"speaker": speaker[None]}
    noise = {}
    if sizes.stochastic:
        drawn = draws.duration if isinstance(draws, Draws) else draws.standard_normal((2, len(ids)), np.float32)
        noise = {"noise": drawn[None] * np.float32(scales.duration_noise)}
    log_duration = graphs["duration"].run({"hidden": encoded["hidden"], **noise, **given})["log_duration"][0]
    durations = frames_of(log_duration, scales.length)
    mean, log_deviation = (np.repeat(encoded[name], durations, axis=2) for name in ("mean", "log_deviation"))
    frames = mean.shape[2]
    drawn = draws.latent[:, :frames] if isinstance(draws, Draws) else draws.standard_normal((sizes.latent, frames), np.float32)
    latent = mean + np.exp(log_deviation) * drawn * np.float32(scales.noise)
    return Plan(durations, graphs["flow"].run({"latent": latent, **given})["voiced"], speaker)


def frames_of(log_duration: Array, length_scale: float) -> Array:
    """Return the frames of each phoneme, (N,) int64: rounded up, so that none has 0.

    Raises
    ------
    RequestError
        Together they are more than `MAX_FRAMES`, or not finite.
    """
    with np.errstate(over="ignore"):
        frames = np.ceil(np.exp(log_duration) * np.float32(length_scale))
    if not frames.sum(dtype=np.float64) <= MAX_FRAMES:
        raise RequestError("the sentence would last more than ten minutes; split it, speak faster, or lower the noise", "speed")
    durations: Array = np.maximum(frames, 1).astype(np.int64)
    return durations


def speak(graphs: Graphs, sizes: Sizes, plan: Plan, window: int | None = None, first: int | None = None) -> Iterator[Array]:
    """Yield the samples of a sentence, window by window; joined they are what one window gives.

    Parameters
    ----------
    graphs : mapping
        ``decoder``.
    sizes : Sizes
        Of the net.
    plan : Plan
        The sentence.
    window : int or None
        Frames made at a time; None makes all of them at once.
    first : int or None
        Frames of the first window, where it should be ready earlier; None is as ``window``.

    Yields
    ------
    array
        (frames * hop_length,) float32, in [-1, 1].
    """
    given = {} if plan.speaker is None else {"speaker": plan.speaker[None]}
    begin, frames, context = 0, plan.n_frames, sizes.decoder_context_frames
    size = first or window or frames
    while begin < frames:
        end = min(begin + size, frames)
        # Beyond either end of the sentence there is nothing, which is what the decoder takes for granted there.
        heard, until = max(begin - context, 0), min(end + context, frames)
        wav = graphs["decoder"].run({"latent": plan.latents[:, :, heard:until], **given})["wav"][0]
        yield wav[(begin - heard) * sizes.hop_length : (end - heard) * sizes.hop_length]
        begin, size = end, window or frames


def speak_whole(graph: Runs, ids: Array, scales: Scales, speaker_id: int | None = None) -> Array:
    """Speak with the graph of an export that is one piece; its noise is drawn inside, so no two runs are the same.

    Parameters
    ----------
    graph : Runs
        Inputs ``input``, ``input_lengths``, ``scales`` and, where there are several speakers, ``sid``.
    ids : array
        (N,), phoneme ids.
    scales : Scales
        How freely and how fast.
    speaker_id : int or None
        Row of the speaker table; None where there is only one speaker.

    Returns
    -------
    array
        (samples,) float32.
    """
    inputs: dict[str, Array] = {
        "input": ids[None].astype(np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([scales.noise, scales.length, scales.duration_noise], np.float32),
    }
    if speaker_id is not None:
        inputs["sid"] = np.array([speaker_id], np.int64)
    outputs = graph.run(inputs)
    wav: Array = outputs.get("output", next(iter(outputs.values()))).reshape(-1)
    return wav
