"""Mel and F0 of a sentence to samples, chunk by chunk.

The vocoder graph sees each chunk with its context; what goes on after the graph (pulses, noise, overlap-add) is carried by an
explicit state, and noise is a function of the seed and the absolute sample. So it does not matter how a sentence is cut.

Three kinds of graph are known by their outputs, one class each: filters of a source (``gain``, ``phase``, ``noise_gain``), a
transform (``log_magnitude``, ``phase``), and samples (``wav``).

Where the samples of a frame lie is told by the framing of the mel that the vocoder was trained with. ``center``: frames are
centred at multiples of ``hop_length``, so F + 1 of them enclose F hops, and of what a net makes of the first and the last frame
the outer halves are dropped. ``same``: frame k stands for the samples from ``k * hop_length`` to the next frame's, so F frames
are F hops and nothing is dropped. A source is always driven from centre to centre.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import soft_limit
from tingshuo.audio.noise import NoiseTable, noise_table
from tingshuo.audio.source import SourceFilterSynthesizer
from tingshuo.audio.stft import OverlapAdd, hann_window, inverse
from tingshuo.config import VoiceConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import EngineError
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.types import Wav

Array = NDArray[Any]
Floats = NDArray[np.float32]
Settings = VoiceConfig | VocoderBundleConfig
"""Of a voice with one of our vocoders, or of a vocoder alone."""

FIRST_CHUNK_FRAMES = 24
"""A quarter of a second: little enough to be heard at once, enough to last while the next chunk is made."""
GROWTH = 4
LONGEST_CHUNK_FRAMES = 512
FADE_IN_S, FADE_OUT_S = 0.005, 0.03
LARGEST_MAGNITUDE = np.float32(100.0)
"""Of a bin of a predicted transform, as in training."""


def chunk_borders(frames: int, *, first: bool) -> list[int]:
    """Where a sentence is cut, in frames from 0 to ``frames``.

    The first sentence starts with a small chunk so that it is heard at once, and grows; later ones are computed while earlier
    audio still plays, so they take the cheapest cut: as few chunks as memory allows.
    """
    borders, size = [0], FIRST_CHUNK_FRAMES if first else LONGEST_CHUNK_FRAMES
    while borders[-1] < frames:
        borders.append(min(frames, borders[-1] + size))
        size = min(size * GROWTH, LONGEST_CHUNK_FRAMES)
    return borders


class Synthesizer(Protocol):
    """What turns the outputs of a vocoder graph into samples; the state of one sentence."""

    def push(self, outputs: Mapping[str, Array], f0: Floats, inner: slice, last: bool) -> Wav:
        """Add frames and return the samples that are complete.

        Parameters
        ----------
        outputs : Mapping[str, Array]
            Of the graph, for a chunk with its context.
        f0 : Floats
            (F,) Hz of the same frames, 0 = unvoiced.
        inner : slice
            The frames of the chunk without its context.
        last : bool
            These frames end the sentence.
        """
        ...


class SourceFilter:
    """Filters of pulses at F0 and of noise; see `tingshuo.audio.source`."""

    OUTPUTS = frozenset({"gain", "phase", "noise_gain"})

    def __init__(self, config: Settings, start_samples: int, seed: int) -> None:
        mel = config.mel
        self._source = SourceFilterSynthesizer(
            n_fft=mel.n_fft,
            hop_length=mel.hop_length,
            sample_rate=mel.sample_rate,
            seed=seed,
            start_samples=start_samples,
            steady_noise=config.steady_noise,
        )

    def push(self, outputs: Mapping[str, Array], f0: Floats, inner: slice, last: bool) -> Wav:
        """See `Synthesizer`."""
        gain, phase, noise_gain = (outputs[name][0, inner] for name in ("gain", "phase", "noise_gain"))
        return self._source.push(f0[inner], gain, phase, noise_gain, last=last)


class Transform:
    """Log magnitude and phase of every bin, inverted and overlapped: Vocos."""

    OUTPUTS = frozenset({"log_magnitude", "phase"})

    def __init__(self, config: Settings, start_samples: int, seed: int) -> None:
        self._hop = config.mel.hop_length
        self._centered = int(config.mel.framing == "center")
        self._output: OverlapAdd | None = None
        self._owed = 0 if self._centered else self._hop // 2

    def push(self, outputs: Mapping[str, Array], f0: Floats, inner: slice, last: bool) -> Wav:
        """See `Synthesizer`."""
        magnitude = np.minimum(np.exp(outputs["log_magnitude"][0, inner]), LARGEST_MAGNITUDE)
        phase = outputs["phase"][0, inner]
        spectra = np.empty(phase.shape, np.complex64)
        np.multiply(np.cos(phase), magnitude, out=spectra.real)
        np.multiply(np.sin(phase), magnitude, out=spectra.imag)
        n_fft = 2 * (phase.shape[1] - 1)
        frames = inverse(spectra, n_fft)
        frames *= hann_window(n_fft)
        if self._output is None:
            self._output = OverlapAdd(n_fft, self._hop, beyond=1 - self._centered)
        wav = self._output.push(frames, last)
        if self._centered:
            return wav
        # A hop beyond either centre came out, and half of it is a frame's.
        wav, self._owed = wav[self._owed :], max(0, self._owed - len(wav))
        return wav[: len(wav) - (self._hop - self._hop // 2)] if last else wav


class Samples:
    """Samples as they are, a hop per frame around its centre: HiFi-GAN."""

    OUTPUTS = frozenset({"wav"})

    def __init__(self, config: Settings, start_samples: int, seed: int) -> None:
        self._hop = config.mel.hop_length
        self._centered = int(config.mel.framing == "center")
        self._begun = False

    def push(self, outputs: Mapping[str, Array], f0: Floats, inner: slice, last: bool) -> Wav:
        """See `Synthesizer`."""
        half = self._hop // 2 * self._centered
        start = inner.start * self._hop + (0 if self._begun else half)
        self._begun = True
        wav: Wav = outputs["wav"][0, start : inner.stop * self._hop - ((self._hop - half) * self._centered if last else 0)]
        return wav


KINDS: tuple[type[SourceFilter] | type[Transform] | type[Samples], ...] = (SourceFilter, Transform, Samples)


def synthesizer(graph: Session, config: Settings, *, start_samples: int = 0, seed: int = 0) -> Synthesizer:
    """Return the state that goes with a vocoder graph.

    Parameters
    ----------
    graph : Session
        The ``vocoder`` graph.
    config : VoiceConfig or VocoderBundleConfig
        The bundle's.
    start_samples : int
        Absolute sample at which the sentence begins.
    seed : int
        Of the noise, where there is any.

    Raises
    ------
    EngineError
        The outputs of the graph are of no known kind.
    """
    for kind in KINDS:
        if graph.spec.outputs.keys() == kind.OUTPUTS:
            return kind(config, start_samples, seed)
    known = "; ".join(", ".join(sorted(kind.OUTPUTS)) for kind in KINDS)
    raise EngineError(f"a vocoder graph with outputs {', '.join(graph.spec.outputs)} is of no known kind; known: {known}")


def _has_source(graph: Session) -> bool:
    return graph.spec.outputs.keys() == SourceFilter.OUTPUTS


def shared_noise(graph: Session, config: Settings, seed: int) -> NoiseTable | None:
    """Return what sentences of a seed share while it is held; None where the vocoder is driven by no noise.

    Parameters
    ----------
    graph : Session
        The ``vocoder`` graph.
    config : VoiceConfig or VocoderBundleConfig
        The bundle's.
    seed : int
        Of the noise.
    """
    if not _has_source(graph):
        return None
    return noise_table(seed, config.mel.n_fft, config.mel.hop_length, config.steady_noise)


def render(
    graph: Session,
    config: Settings,
    features: Callable[[int, int], tuple[Floats, Floats]],
    frames: int,
    *,
    start_samples: int = 0,
    seed: int = 0,
    first: bool = False,
) -> Iterator[Wav]:
    """Yield the samples of frames.

    Those between the centres of the first and the last, ``(frames - 1) * hop_length`` in all, or, where each frame is a hop of
    samples, ``frames * hop_length``.

    Parameters
    ----------
    graph : Session
        The ``vocoder`` graph.
    config : VoiceConfig or VocoderBundleConfig
        The bundle's.
    features : Callable
        First frame and the one after the last -> mel (n_mels, F) and F0 (F,) Hz; asked for from left to right.
    frames : int
        Frames in all.
    start_samples : int
        Absolute sample at which the signal begins.
    seed : int
        Of the noise.
    first : bool
        Whether somebody is waiting for the first sound.
    """
    context, state = config.vocoder_context_frames, synthesizer(graph, config, start_samples=start_samples, seed=seed)
    reads_f0 = "f0" in graph.spec.inputs
    for start, stop in pairwise(chunk_borders(frames, first=first)):
        low, high = max(0, start - context), min(frames, stop + context)
        mel, f0 = features(low, high)
        outputs = graph.run({"mel": mel[None], "f0": f0[None]} if reads_f0 else {"mel": mel[None]})
        yield state.push(outputs, f0, slice(start - low, stop - low), stop == frames)


def copy_synthesis(graph: Session, config: Settings, mel: Floats, f0: Floats, *, seed: int = 0) -> Wav:
    """Return the wave of features that are at hand, as they are: no gain, no fades.

    Parameters
    ----------
    graph : Session
        The ``vocoder`` graph.
    config : VoiceConfig or VocoderBundleConfig
        The bundle's.
    mel, f0 : Floats
        (n_mels, F) and (F,) Hz, 0 = unvoiced.
    seed : int
        Of the noise.

    Returns
    -------
    Wav
        ``((F - 1) * hop_length,)``, or ``(F * hop_length,)`` where each frame is a hop of samples; see `render`.
    """
    parts = render(graph, config, lambda low, high: (mel[:, low:high], f0[low:high]), len(f0), seed=seed)
    return np.concatenate([np.zeros(0, np.float32), *parts])


def vocode(
    graph: Session, config: VoiceConfig, acoustics: SentenceAcoustics, *, start_samples: int, seed: int, first: bool
) -> Iterator[Wav]:
    """Yield the samples of a sentence, ``acoustics.frames * hop_length`` in all.

    Parameters
    ----------
    graph : Session
        The ``vocoder`` graph.
    config : VoiceConfig
        The bundle's.
    acoustics : SentenceAcoustics
        Computed as far as each chunk needs.
    start_samples : int
        Absolute sample at which the sentence begins.
    seed : int
        Of the noise.
    first : bool
        Whether somebody is waiting for the first sound.
    """
    hop, frames = config.mel.hop_length, acoustics.frames

    def features(low: int, high: int) -> tuple[Floats, Floats]:
        mel, f0 = acoustics.mel(low, min(high, frames)), acoustics.f0_hz(low, min(high, frames))
        if high > frames:  # one frame more than the sentence has, its last one again
            mel, f0 = np.append(mel, mel[:, -1:], axis=1), np.append(f0, f0[-1:])
        return mel, f0

    gain = config.gain * 10 ** (acoustics.gain_db / 20)
    uniform = bool((gain == gain[0]).all())
    done = 0
    # A source is always driven from centre to centre.
    in_all = frames + int(_has_source(graph) or config.mel.framing == "center")
    for wav in render(graph, config, features, in_all, start_samples=start_samples, seed=seed, first=first):
        if uniform:
            level: float | np.ndarray = float(gain[0])
        else:
            level = np.interp(np.arange(done, done + len(wav)) / hop, np.arange(frames), gain)
        wav = (wav * level).astype(np.float32)
        fade_edges(wav, done, frames * hop, config.mel.sample_rate)
        done += len(wav)
        yield soft_limit(wav)


def fade_edges(wav: Wav, start: int, total: int, sample_rate: int) -> None:
    """Fade a sentence in and out, in place: its breath and room would end in a step where digital silence follows.

    Parameters
    ----------
    wav : Wav
        Samples ``start`` to ``start + len(wav)`` of the sentence.
    start, total : int
        Where they lie in a sentence of ``total`` samples.
    sample_rate : int
        Hz.
    """
    rise, fall = round(FADE_IN_S * sample_rate), round(FADE_OUT_S * sample_rate)
    if start < rise:
        edge = wav[: rise - start]
        edge *= _ramp((start + np.arange(len(edge))) / rise)
    if start + len(wav) > total - fall:
        edge = wav[max(0, total - fall - start) :]
        edge *= _ramp((total - start - len(wav) + np.arange(len(edge))[::-1]) / fall)


def _ramp(position: NDArray[np.float64]) -> Wav:
    """Half a cosine from 0 at position 0 to 1 at 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.clip(position, 0, 1))).astype(np.float32)
