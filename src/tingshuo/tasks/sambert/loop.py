"""From symbols to mel with the graphs of a Sambert: what lies between them, in numpy, as it is done when a voice speaks.

Each function takes the graphs by name; a graph is anything with ``run(inputs) -> outputs``, such as
`tingshuo.engine.onnx.Session`. There is no torch here.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.sambert import SambertSizes
from tingshuo.types import Runs

Array = NDArray[Any]


Graphs = Mapping[str, Runs]


@dataclass(frozen=True, slots=True)
class Plan:
    """A sentence before its first frame."""

    text: Array
    """(S, memory_dim), the memory of each step of the decoder."""
    durations: Array
    """(N,) int64, frames of each symbol; a symbol can have none."""
    band: int
    """Steps that the decoder looks back and ahead."""
    pitch: Array
    """(N,), normalised by the corpus that the voice was trained on."""
    energy: Array
    """(N,), likewise."""

    @property
    def n_frames(self) -> int:
        """Frames of the sentence."""
        return int(self.durations.sum())


def plan(graphs: Graphs, sizes: SambertSizes, inputs: Mapping[str, Array], *, length_scale: float | Array = 1.0) -> Plan:
    """Lay a sentence out in time.

    Parameters
    ----------
    graphs : mapping
        ``encoder`` and ``duration``.
    sizes : SambertSizes
        Of the net.
    inputs : mapping
        Of the encoder graph.
    length_scale : float or Array
        Factor of every duration, or (N,) of each symbol's; 1 is how the voice speaks by itself.
    """
    encoded = graphs["encoder"].run(inputs)
    symbols = encoded["symbols"][0]
    frames = np.asarray(length_scale, np.float32) * (
        np.exp(predict_durations(graphs["duration"], sizes, symbols)) - np.float32(1)
    )
    durations = np.floor(frames + np.float32(0.5)).astype(np.int64)
    # The band comes from durations that are not rounded, by a rounding of its own.
    band = int(frames.max(initial=0) / sizes.frames_per_step + 0.5)
    return Plan(memory_rows(sizes, symbols, durations), durations, band, encoded["pitch"][0], encoded["energy"][0])


def predict_durations(graph: Runs, sizes: SambertSizes, symbols: Array) -> Array:
    """Return the log-duration of each symbol, log(frames + 1): ``symbols`` (N, symbol_dim), result (N,) float32."""
    state = np.zeros((2, 1, sizes.duration_lstm), np.float32)
    last = {"log_duration": np.zeros((1, 1, 1), np.float32), "next_hidden": state, "next_cell": state}
    found = np.empty(len(symbols), np.float32)
    for n in range(len(symbols)):
        # What is heard is the logarithm, not the frames that it is rounded to.
        inputs = {"last": last["log_duration"], "hidden": last["next_hidden"], "cell": last["next_cell"]}
        last = graph.run({**inputs, "symbol": symbols[None, n : n + 1]})
        found[n] = last["log_duration"].item()
    return found


def memory_rows(sizes: SambertSizes, symbols: Array, durations: Array) -> Array:
    """Repeat symbols by their durations and put the frames of each step side by side.

    Parameters
    ----------
    sizes : SambertSizes
        Of the net.
    symbols : Array
        (N, symbol_dim): text, speaker, emotion.
    durations : Array
        (N,) frames.

    Returns
    -------
    Array
        (S, memory_dim) float32: the text of each frame of the step, then speaker and emotion of its first frame. A last step that
        is not full is filled with zeros, to which the code of a place is added all the same, that of place 0.
    """
    total, step = int(durations.sum()), sizes.frames_per_step
    of = np.repeat(np.arange(len(symbols)), durations)
    begins = np.cumsum(durations) - durations
    steps = math.ceil(total / step)
    text = np.zeros((steps * step, sizes.text_dim), np.float32)
    text[:total] = symbols[of, : sizes.text_dim]
    places = np.zeros(steps * step)
    places[:total] = np.arange(total) - begins[of] + 1  # a symbol's first frame is 1
    text += place_codes(places, sizes.text_dim)
    return np.concatenate([text.reshape(steps, step * sizes.text_dim), symbols[of[::step], sizes.text_dim :]], 1)


def place_codes(places: Array, dim: int) -> Array:
    """Return codes of frames' places in their symbols: (F,) -> (F, dim) float32, even columns sines, odd ones cosines.

    KAN-TTS stores the wavelengths of the columns, 10000^(2 floor(j / 2) / dim), as a parameter that training leaves alone.
    """
    column = np.arange(dim)
    angles = places[:, None] / 10000.0 ** (2 * (column // 2) / dim)
    return np.where(column % 2, np.cos(angles), np.sin(angles)).astype(np.float32)


def decode(graphs: Graphs, sizes: SambertSizes, sentence: Plan) -> Iterator[Array]:
    """Yield the frames of each step, (frames_per_step, mels), before the postnet; the last step may go beyond the sentence.

    Parameters
    ----------
    graphs : mapping
        ``memory`` and ``decoder``.
    sizes : SambertSizes
        Of the net.
    sentence : Plan
        What to say.
    """
    band, steps = sentence.band, len(sentence.text)
    frame = np.zeros((1, sizes.mels), np.float32)
    past = np.zeros((sizes.decoder_layers, 2, 0, sizes.decoder_dim), np.float32)
    if steps:
        memory = graphs["memory"].run({"text": sentence.text})["memory"]
    for step in range(steps):
        ahead = memory[:, :, step : step + band + 1]
        inputs = {"frame": frame, "text": sentence.text[step : step + 1], "past": past, "memory": ahead}
        made = graphs["decoder"].run(inputs)
        past = np.concatenate([past, made["new"]], 2)
        past = past[:, :, max(0, past.shape[2] - band) :]
        frame = made["frames"][-1:]
        yield made["frames"]


def finish(
    graphs: Graphs, sizes: SambertSizes, frames: Iterable[Array], n_frames: int, piece_frames: int | None = None
) -> Iterator[Array]:
    """Yield finished mel, (F, mels), in pieces that together are the same however they are cut.

    Parameters
    ----------
    graphs : mapping
        ``context`` and ``postnet``.
    sizes : SambertSizes
        Of the net.
    frames : iterable of Array
        Of `decode`.
    n_frames : int
        Frames of the sentence; those beyond are dropped before the postnet sees them.
    piece_frames : int or None
        Least number of frames of a piece, but for the last; None is one piece.
    """
    before, after = sizes.postnet_context_frames
    least = n_frames if piece_frames is None else piece_frames
    come = np.zeros((0, sizes.mels), np.float32)
    state = np.zeros((1, 1, sizes.postnet_lstm), np.float32)
    last = {"next_hidden": state, "next_cell": state}
    done = 0
    for made in frames:
        come = np.concatenate([come, made])[:n_frames]
        end = n_frames if len(come) == n_frames else len(come) - after
        if end - done < least and end < n_frames:
            continue
        start = max(0, done - before)
        around = graphs["context"].run({"frames": come[None, start:]})["around"][:, done - start : end - start]
        inputs = {"hidden": last["next_hidden"], "cell": last["next_cell"]}
        last = graphs["postnet"].run({**inputs, "frames": come[None, done:end], "around": around})
        done = end
        yield last["mel"][0]


def speak(graphs: Graphs, sizes: SambertSizes, inputs: Mapping[str, Array]) -> Array:
    """Return the mel of a sentence, (F, mels) float32: ``inputs`` are those of the encoder graph."""
    sentence = plan(graphs, sizes, inputs)
    pieces = finish(graphs, sizes, decode(graphs, sizes, sentence), sentence.n_frames)
    return np.concatenate([np.zeros((0, sizes.mels), np.float32), *pieces])
