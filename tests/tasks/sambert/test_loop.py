"""What lies between the graphs, with graphs that are easy to follow."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tingshuo.config.sambert import SambertSizes
from tingshuo.tasks.sambert.loop import Plan, decode, finish, memory_rows, place_codes, plan, predict_durations, speak

CONFIG = SambertSizes(mels=2, text_dim=4, duration_lstm=2, decoder_layers=1, decoder_dim=1, frames_per_step=3,
                      postnet_lstm=1, postnet_context_frames=(3, 1))  # fmt: skip
Arrays = Mapping[str, Any]


class Fake:
    """A graph that is a function; remembers what it was given."""

    def __init__(self, function: Callable[[Arrays], dict[str, Any]]) -> None:
        self.function = function
        self.given: list[Arrays] = []

    def run(self, inputs: Arrays) -> dict[str, Any]:
        self.given.append(inputs)
        return self.function(inputs)


def duration_graph() -> Fake:
    """Half of what was heard last and what the symbol's first feature says; counts in its state."""
    return Fake(
        lambda x: {
            "log_duration": np.float32(0.5) * x["last"] + x["symbol"][..., :1],
            "next_hidden": x["hidden"] + 1,
            "next_cell": x["cell"],
        }
    )


def test_durations_hear_the_last_logarithm_and_keep_the_state() -> None:
    graph = duration_graph()
    symbols = np.zeros((3, 6), np.float32)
    symbols[:, 0] = 1, 1.5, 0
    assert predict_durations(graph, CONFIG, symbols).tolist() == [1, 2, 1]
    assert [x["last"].item() for x in graph.given] == [0, 1, 2]
    assert [x["hidden"].max() for x in graph.given] == [0, 1, 2]


def test_places_count_from_one_with_sines_in_even_columns() -> None:
    codes = place_codes(np.array([0.0, 2.0]), 4)
    assert codes[0].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(codes[1], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)], rtol=1e-6)


def test_a_step_has_the_text_of_its_frames_and_speaker_and_emotion_of_the_first() -> None:
    symbols = np.zeros((3, 6), np.float32)
    symbols[:, 0], symbols[:, 4], symbols[:, 5] = (100, 200, 300), (1, 2, 3), (10, 20, 30)
    rows = memory_rows(CONFIG, symbols, np.array([2, 0, 2]))  # the second symbol vanishes
    assert rows.shape == (2, 14)
    text = rows[:, :12].reshape(6, 4) - place_codes(np.array([1.0, 2, 1, 2, 0, 0]), 4)  # filled with place 0
    np.testing.assert_allclose(text[:, 0], [100, 100, 300, 300, 0, 0], atol=1e-4)
    assert rows[:, 12:].tolist() == [[1, 10], [3, 30]]


def test_the_band_comes_from_durations_that_are_not_rounded() -> None:
    # Two frames a step: 2.8 / 2 + 0.5 is 1.9, one step; of the rounded 3 it would be two.
    config = CONFIG.replace(frames_per_step=2)
    made = Fake(lambda x: {"log_duration": x["symbol"][..., :1], "next_hidden": x["hidden"], "next_cell": x["cell"]})
    symbols = np.zeros((1, 3, 6), np.float32)
    symbols[0, :, 0] = np.log1p([0.4, 2.8, 2.4])
    encoder = Fake(lambda _: {"symbols": symbols, "pitch": symbols[..., 1], "energy": symbols[..., 2]})
    for scale, durations, band in ((1.0, [0, 3, 2], 1), (1.1, [0, 3, 3], 2), (2.0, [1, 6, 5], 3)):
        laid = plan({"encoder": encoder, "duration": made}, config, {}, length_scale=scale)
        assert (laid.durations.tolist(), laid.band, laid.n_frames) == (durations, band, sum(durations))
        assert len(laid.text) == -(-sum(durations) // 2)


@pytest.mark.parametrize("band", [0, 1, 2])
def test_a_step_hears_the_last_frame_and_sees_the_band(band: int) -> None:
    text = np.arange(5 * 14, dtype=np.float32).reshape(5, 14)
    memory = Fake(lambda x: {"memory": np.broadcast_to(x["text"][:, :1], (1, 2, 5, 1))})
    decoder = Fake(lambda x: {"frames": x["frame"] + [[1], [2], [3]], "new": np.full((1, 2, 1, 1), x["text"][0, 0])})
    frames = list(decode({"memory": memory, "decoder": decoder}, CONFIG, Plan(text, np.array([15]), band, text, text)))
    assert [x["frame"][0, 0] for x in decoder.given] == [0, 3, 6, 9, 12]
    assert [frame[-1, 0] for frame in frames] == [3, 6, 9, 12, 15]
    starts = (text[:, 0]).tolist()
    for step, given in enumerate(decoder.given):
        assert given["past"][0, 0, :, 0].tolist() == starts[max(0, step - band) : step]
        assert given["memory"][0, 0, :, 0].tolist() == starts[step : step + band + 1]


def postnet_graphs() -> dict[str, Fake]:
    """Sums of the frames from three before to one after, and of all frames so far."""

    def context(x: Arrays) -> dict[str, Any]:
        padded = np.pad(x["frames"], ((0, 0), (3, 1), (0, 0)))
        return {"around": sum(padded[:, n : n + x["frames"].shape[1]] for n in range(5))}

    def postnet(x: Arrays) -> dict[str, Any]:
        told = x["hidden"] + np.cumsum(x["around"][..., :1], 1)
        return {"mel": x["frames"] + told, "next_hidden": told[:, -1:], "next_cell": x["cell"]}

    return {"context": Fake(context), "postnet": Fake(postnet)}


@pytest.mark.parametrize("piece", [1, 2, 5, 13])
def test_pieces_of_a_sentence_are_the_sentence(piece: int) -> None:
    frames = list(np.random.default_rng(0).integers(0, 9, (5, 3, 2)).astype(np.float32))
    (whole,) = finish(postnet_graphs(), CONFIG, frames, 13)
    cut = postnet_graphs()
    pieces = list(finish(cut, CONFIG, frames, 13, piece))
    assert len(pieces) == {1: 5, 2: 5, 5: 3, 13: 1}[piece]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert max(x["frames"].shape[1] for x in cut["postnet"].given) < 13 or piece == 13


def test_frames_beyond_the_sentence_are_never_seen_by_the_postnet() -> None:
    cut = postnet_graphs()
    frames = [np.ones((3, 2), np.float32), np.full((3, 2), np.nan, np.float32)]
    assert np.isfinite(np.concatenate(list(finish(cut, CONFIG, frames, 3)))).all()


def test_a_sentence_without_frames_is_silence() -> None:
    symbols = np.zeros((1, 2, 6), np.float32)
    encoder = Fake(lambda _: {"symbols": symbols, "pitch": symbols[..., 1], "energy": symbols[..., 2]})
    assert speak({"encoder": encoder, "duration": duration_graph()}, CONFIG, {}).shape == (0, 2)


def test_it_needs_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import tingshuo.tasks.sambert.loop, tingshuo.tasks.sambert.source"
    subprocess.run([sys.executable, "-c", code], check=True)
