"""Mel and F0 of a sentence to samples, chunk by chunk.

The vocoder graph sees each chunk with its context; pulses, noise and overlap-add are carried by an explicit state, and the noise
is a function of the seed and the absolute sample. So the samples do not depend on how a sentence is cut.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import soft_limit
from tingshuo.audio.source import SourceFilterSynthesizer
from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.types import Wav

FIRST_CHUNK_FRAMES = 24
"""A quarter of a second: little enough to be heard at once, enough to last while the next chunk is made."""
GROWTH = 4
LONGEST_CHUNK_FRAMES = 512
FADE_IN_S, FADE_OUT_S = 0.005, 0.03


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
    hop, context, frames = config.mel.hop_length, config.vocoder_context_frames, acoustics.frames
    synthesizer = SourceFilterSynthesizer(
        n_fft=config.mel.n_fft, hop_length=hop, sample_rate=config.mel.sample_rate, seed=seed, start_samples=start_samples
    )
    gain = config.gain * 10 ** (acoustics.gain_db / 20)
    uniform = bool((gain == gain[0]).all())
    done = 0
    # One frame more than the sentence has, its last one again: frames are centred, so F + 1 of them enclose F hops.
    for start, stop in pairwise(chunk_borders(frames + 1, first=first)):
        low, high = max(0, start - context), min(frames + 1, stop + context)
        mel = acoustics.mel(low, min(high, frames))
        f0 = acoustics.f0_hz(low, min(high, frames))
        if high > frames:
            mel, f0 = np.append(mel, mel[:, -1:], axis=1), np.append(f0, f0[-1:])
        inner = slice(start - low, stop - low)
        out = graph.run({"mel": mel[None], "f0": f0[None]})
        wav = synthesizer.push(
            f0[inner], out["gain"][0, inner], out["phase"][0, inner], out["noise_gain"][0, inner], last=stop == frames + 1
        )
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
