"""What a recogniser hears while it is being said: features as their samples come, and the encoder chunk by chunk."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.fbank import FbankConfig
from tingshuo.types import GraphSpec, Runs, Wav

Floats = NDArray[np.float32]


class DescribedGraph(Runs, Protocol):
    """An open graph that tells its shapes."""

    @property
    def spec(self) -> GraphSpec:
        """Inputs and outputs with their shapes."""
        ...


class FeatureStream:
    """The filter bank of a signal that comes in pieces.

    Parameters
    ----------
    config : FbankConfig
        Whose frames lie within the signal (``snip_edges``), without noise: others cannot be told before the end is there.
    """

    def __init__(self, config: FbankConfig) -> None:
        assert config.snip_edges, "mirrored ends have to be known"
        self._config = config
        self._waiting: Wav = np.zeros(0, np.float32)

    def feed(self, wav: Wav) -> Floats:
        """Go on by samples, any number; return the frames that are whole, (F, n_mels)."""
        self._waiting = np.concatenate([self._waiting, wav])
        features = fbank(self._waiting, self._config)
        self._waiting = self._waiting[len(features) * self._config.shift_samples :]
        return features


class EncoderStream:
    """One utterance on its way through the graph ``encoder_chunk``.

    A chunk's frames hear features a little beyond it, so windows overlap; a step is made once its window is full. A stream is
    for one utterance: places count from its begin, and a net has not learnt what comes after minutes.

    Parameters
    ----------
    graph : DescribedGraph
        The graph ``encoder_chunk``.
    subsampling : int
        Frames of features to one encoder frame.
    context_frames : int
        Frames of features that one encoder frame hears.
    chunk : int
        Encoder frames of a chunk; a net of a static chunk has learnt that one alone.
    left : int
        Chunks before its own that a frame looks at; all of them if negative.
    """

    def __init__(self, graph: DescribedGraph, subsampling: int, context_frames: int, chunk: int = 16, left: int = -1) -> None:
        self._graph, self._context = graph, context_frames
        self._stride = subsampling * chunk
        self._window = (chunk - 1) * subsampling + context_frames
        self._keep = chunk * left if left >= 0 else None
        shapes = {name: shape for name, (_, shape) in graph.spec.inputs.items()}
        self._dim, bands = int(graph.spec.outputs["encoded"][1][-1]), int(shapes["features"][-1])
        self._waiting: Floats = np.zeros((0, bands), np.float32)
        self._offset = 0
        layers, heads, _, size = shapes["memory"]
        self._state: dict[str, NDArray[Any]] = {"memory": np.zeros((int(layers), int(heads), 0, int(size)), np.float32)}
        if "rest" in shapes:
            self._state["rest"] = np.zeros(tuple(map(int, shapes["rest"])), np.float32)

    def feed(self, features: Floats) -> Floats:
        """Go on by normalised features (F, M), any number; return the encoder frames that are ready, (N, D)."""
        self._waiting = np.concatenate([self._waiting, features])
        made = []
        while len(self._waiting) >= self._window:
            made.append(self._step(self._waiting[: self._window]))
            self._waiting = self._waiting[self._stride :]
        return self._join(made)

    def finish(self) -> Floats:
        """End the utterance: return the frames of what still waits, (N, D)."""
        waiting, self._waiting = self._waiting, self._waiting[:0]
        return self._join([self._step(waiting)] if len(waiting) >= self._context else [])

    def _step(self, features: Floats) -> Floats:
        inputs: dict[str, NDArray[Any]] = {
            "features": features[None],
            "offset": np.array([self._offset], np.int64),
            **self._state,
        }
        results = self._graph.run(inputs)
        encoded: Floats = results["encoded"][0]
        self._offset += len(encoded)
        memory = results["next_memory"]
        if self._keep is not None:
            memory = memory[:, :, max(0, memory.shape[2] - self._keep) :]
        self._state["memory"] = np.ascontiguousarray(memory)
        if "next_rest" in results:
            self._state["rest"] = results["next_rest"]
        return encoded

    def _join(self, made: list[Floats]) -> Floats:
        return np.concatenate(made) if made else np.zeros((0, self._dim), np.float32)
