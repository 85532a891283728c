"""The acoustic graph of a stranger: symbols, a speaker and scales in, as it wants them; samples or a mel out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.graph_voice import GraphVoiceConfig, ScalesConfig
from tingshuo.errors import EngineError
from tingshuo.tasks.graph_voice.symbols import Spelt
from tingshuo.types import GraphSpec, Runs, Wav

Array = NDArray[Any]
DRAWS_PER_SYMBOL = 2048
"""Normal draws that a graph is given: ten frames of 192 numbers each. It begins again where a slow symbol wants more."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a sentence."""

    wav: Wav | None
    """(T,); None where the graph gives a mel."""
    mel: NDArray[np.float32] | None
    """(n_mels, F); None where it gives samples."""
    durations: NDArray[np.int64] | None
    """(N,), frames of each symbol; None where the graph does not tell."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a sentence is to be spoken."""

    scales: ScalesConfig
    speaker: int = 0
    emotion: int = 0


def speak(
    graph: Runs, spec: GraphSpec, settings: GraphVoiceConfig, spelt: Spelt, manner: Manner, rng: np.random.Generator
) -> Made:
    """Run the acoustic graph on a sentence.

    Parameters
    ----------
    graph : Runs
        The graph ``acoustic``.
    spec : GraphSpec
        What it takes and gives.
    settings : GraphVoiceConfig
        Of the voice.
    spelt : Spelt
        The sentence, N symbols.
    manner : Manner
        How it is spoken.
    rng : Generator
        Draws what the graph is given of random numbers, where it takes any.

    Raises
    ------
    EngineError
        The graph cannot be run, or does not give what its config says.
    """
    outputs = graph.run(inputs_of(spec, settings, spelt, manner, rng))
    names = settings.outputs
    missing = [name for name in (names.wav, names.mel, names.durations) if name and name not in outputs]
    if missing:
        raise EngineError(f"the acoustic graph gives no {missing[0]!r}; it gives {', '.join(outputs)}")
    durations = whole_frames(outputs[names.durations]) if names.durations else None
    if durations is not None and len(durations) != len(spelt.ids):
        raise EngineError(f"the acoustic graph gives {len(durations)} durations for {len(spelt.ids)} symbols")
    if names.wav:
        return Made(np.asarray(outputs[names.wav], np.float32).reshape(-1), None, durations)
    mel = np.asarray(outputs[names.mel], np.float32)[0]
    return Made(None, mel.T if names.frames_first else mel, durations)


def inputs_of(
    spec: GraphSpec, settings: GraphVoiceConfig, spelt: Spelt, manner: Manner, rng: np.random.Generator
) -> dict[str, Array]:
    """Return what the acoustic graph is given, each input in the type and with the axes that it has."""
    names, scales = settings.inputs, manner.scales
    n = len(spelt.ids)
    given: dict[str, Any] = {
        names.symbols: spelt.ids,
        names.lengths: n,
        names.speaker: manner.speaker,
        names.emotion: manner.emotion,
        names.tones: spelt.tones,
        names.noise: scales.noise,
        names.length: scales.length,
        names.duration_noise: scales.duration_noise,
        names.scales: [getattr(scales, one) for one in names.scales_order],
    }
    if names.languages:
        free = any(not isinstance(size, int) for size in spec.inputs[names.languages][1][-1:])
        given[names.languages] = spelt.languages if free else int(spelt.languages.max())
    if names.draws:
        given[names.draws] = rng.standard_normal(DRAWS_PER_SYMBOL * n, np.float32)
    given |= names.fixed
    return {name: shaped(value, *spec.inputs[name]) for name, value in given.items() if name}


def shaped(value: Any, dtype: str, shape: tuple[int | str, ...]) -> Array:
    """Return a number or a row of numbers as an input wants it: its type, and as many axes, the last of which is the row."""
    array = np.asarray(value, np.dtype(dtype))
    if array.ndim == 0 and shape:
        sizes = [size if isinstance(size, int) else 1 for size in shape]
        return np.full(sizes, array, array.dtype)
    return array.reshape((1,) * (len(shape) - array.ndim) + array.shape)


def whole_frames(durations: Mapping[str, Any] | Array) -> NDArray[np.int64]:
    """Return durations in whole frames, (N,): each symbol ends where it does, rounded, so that nothing adds up."""
    ends = np.rint(np.cumsum(np.asarray(durations, np.float64).reshape(-1))).astype(np.int64)
    return np.diff(ends, prepend=0)
