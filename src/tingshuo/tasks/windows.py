"""Frames to samples by a vocoder graph whose frames stand for ``hop_length`` samples each, piece by piece with context around.

However a sentence is cut, its samples are the same: a graph sees every frame that a sample depends on, and what is overlapped
after it is carried from piece to piece.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import soft_limit
from tingshuo.config import FrameConfig, MelConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.vocoder import chunk_borders, synthesizer
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.types import Sentence, Wav

Inputs = Callable[[int, int], Mapping[str, NDArray[Any]]]
"""First frame and the one after the last -> inputs of the graph; asked for from left to right."""


def render_windows(
    graph: Session, inputs: Inputs, frames: int, hop_length: int, context: tuple[int, int], *, first: bool
) -> Iterator[Wav]:
    """Yield the samples of a sentence, ``frames * hop_length`` in all.

    Parameters
    ----------
    graph : Session
        Its outputs are samples or a transform, of a kind in `tingshuo.tasks.vocoder.KINDS`.
    inputs : Callable
        See `Inputs`.
    frames : int
        Of the sentence.
    hop_length : int
        Samples of a frame.
    context : tuple of int
        Frames before and after a frame that its samples depend on.
    first : bool
        Whether somebody is waiting for the first sound.

    Raises
    ------
    EngineError
        The outputs of the graph are of no known kind.
    """
    before, after = context
    state, unvoiced = synthesizer(graph, _hops(hop_length)), np.zeros(0, np.float32)
    for start, stop in pairwise(chunk_borders(frames, first=first)):
        low, high = max(0, start - before), min(frames, stop + after)
        wav = state.push(graph.run(inputs(low, high)), unvoiced, slice(start - low, stop - low), stop == frames)
        yield np.clip(wav, -1, 1)  # an engine's hyperbolic tangent passes 1 by the last bit


def _hops(hop_length: int) -> VocoderBundleConfig:
    """Return what a synthesizer is told: frame k stands for the samples from ``k * hop_length`` to the next frame's."""
    mel = MelConfig(hop_length=hop_length, framing="same")
    return VocoderBundleConfig(family=VocoderBundleConfig.FAMILY, mel=mel, vocoder_context_frames=0, architecture={})


def at_level(parts: Iterator[Wav], volume_db: float) -> Iterator[Wav]:
    """Yield samples at a level relative to the model's own; at 0 dB they are as they were made."""
    for wav in parts:
        yield wav if volume_db == 0 else soft_limit((wav * 10 ** (volume_db / 20)).astype(np.float32))


class Rest(NamedTuple):
    """Silence inside a sentence: before which symbol, after how many of the model's frames, and how many frames it lasts."""

    symbol: int
    frame: int
    frames: int


def find_rests(
    sentence: Sentence, word_index: NDArray[np.int64], durations: NDArray[np.int64], frame_s: float
) -> tuple[Rest, ...]:
    """Find where markup asks for a longer silence before a word than the model leaves there.

    Parameters
    ----------
    sentence : Sentence
        A break from markup is a pause word without text; what follows the last word is for `pause_after`.
    word_index : ndarray (N,)
        Which word each symbol belongs to, -1 for none.
    durations : ndarray (N,)
        Frames of each symbol.
    frame_s : float
        Seconds of a frame.
    """
    found = []
    ends = np.concatenate([[0], np.cumsum(durations)])
    last, asked_ms = 0, 0
    for w, word in enumerate(sentence.words):
        if not word.syllables:
            asked_ms = asked_ms if word.text else max(asked_ms, word.pause_ms)
            continue
        own = np.flatnonzero(word_index == w)
        before, after = int(ends[last]), int(ends[own[0]])
        missing = round(asked_ms / 1000 / frame_s) - (after - before)
        if asked_ms and missing > 0:
            found.append(Rest(int(own[0]), (before + after) // 2, missing))
        last, asked_ms = int(own[-1]) + 1, 0
    return tuple(found)


def rested(symbols: Symbols, durations: NDArray[np.int64], rests: Sequence[Rest]) -> tuple[Symbols, NDArray[np.int64]]:
    """Return symbols and their frames with the rests among them, which belong to no word."""
    places = [rest.symbol for rest in rests]
    ids = np.insert(symbols.ids, places, 0, 0)
    owners = (np.insert(one, places, -1) for one in (symbols.word_index, symbols.syllable_index))
    return Symbols(ids, *owners), np.insert(durations, places, [rest.frames for rest in rests])


def with_rests(parts: Iterator[Wav], rests: Sequence[Rest], hop_length: int) -> Iterator[Wav]:
    """Yield the samples of a sentence with its rests among them."""
    done = 0
    waiting = list(rests)
    for wav in parts:
        start = 0
        while waiting and waiting[0].frame * hop_length <= done + len(wav):
            rest = waiting.pop(0)
            stop = rest.frame * hop_length - done
            yield wav[start:stop]
            yield np.zeros(rest.frames * hop_length, np.float32)
            start = stop
        yield wav[start:]
        done += len(wav)


def pause_after(sentence: Sentence, least_s: float) -> float:
    """Return the seconds of silence after a sentence: ``least_s``, or what markup asks for where that is longer.

    A break from markup is a pause word without text; punctuation is told to these models, which make a pause of it themselves.
    """
    asked = [word.pause_ms for word in sentence.words[-2:] if not word.syllables and not word.text]
    return max(least_s, *(ms / 1000 for ms in asked)) if asked else least_s


def n_samples(frames: int, rests: Sequence[Rest], pause_s: float, config: FrameConfig) -> int:
    """Return the samples of a sentence of so many frames with its rests and the silence after it."""
    return (frames + sum(rest.frames for rest in rests)) * config.hop_length + round(pause_s * config.sample_rate)


def silence(seconds: float, sample_rate: int) -> Wav:
    """Return samples of nothing, (T,)."""
    return np.zeros(round(seconds * sample_rate), np.float32)
