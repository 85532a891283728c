"""Frames to samples by a graph that makes ``hop_length`` samples of each frame, piece by piece, each with the context it needs.

However a sentence is cut, its samples are the same: a graph sees every frame that a sample depends on.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import soft_limit
from tingshuo.engine.onnx import Session
from tingshuo.tasks.vocoder import chunk_borders
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
        Has the output ``wav`` (1, F * hop_length).
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
    """
    before, after = context
    for start, stop in pairwise(chunk_borders(frames, first=first)):
        low, high = max(0, start - before), min(frames, stop + after)
        wav = graph.run(inputs(low, high))["wav"][0]
        yield wav[(start - low) * hop_length : (stop - low) * hop_length]


def at_level(parts: Iterator[Wav], volume_db: float) -> Iterator[Wav]:
    """Yield samples at a level relative to the model's own; at 0 dB they are as they were made."""
    for wav in parts:
        yield wav if volume_db == 0 else soft_limit((wav * 10 ** (volume_db / 20)).astype(np.float32))


def pause_after(sentence: Sentence, least_s: float) -> float:
    """Return the seconds of silence after a sentence: ``least_s``, or what markup asks for where that is longer.

    A break from markup is a pause word without text; punctuation is told to these models, which make a pause of it themselves.
    """
    asked = [word.pause_ms for word in sentence.words[-2:] if not word.syllables and not word.text]
    return max(least_s, *(ms / 1000 for ms in asked)) if asked else least_s


def silence(seconds: float, sample_rate: int) -> Wav:
    """Return samples of nothing, (T,)."""
    return np.zeros(round(seconds * sample_rate), np.float32)
