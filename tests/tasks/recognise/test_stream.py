import numpy as np
import pytest

from tingshuo.audio.fbank import fbank
from tingshuo.config.fbank import FbankConfig
from tingshuo.tasks.recognise.stream import EncoderStream, FeatureStream
from tingshuo.types import GraphSpec

FEATURES = np.arange(200, dtype=np.float32).reshape(100, 2)


class FakeGraph:
    """An encoder whose frames are the first feature of their window, and which remembers what it was given."""

    def __init__(self, rest=True):
        inputs = {"features": ("float32", (1, "T", 2)), "offset": ("int64", (1,)), "memory": ("float32", (3, 2, "P", 5))}
        if rest:
            inputs["rest"] = ("float32", (3, 4, 6))
        self.spec = GraphSpec(inputs, {"encoded": ("float32", (1, "N", 6))})
        self.seen = []

    def run(self, inputs):
        assert inputs.keys() == self.spec.inputs.keys()
        features, memory = inputs["features"], inputs["memory"]
        n = (features.shape[1] - 7) // 4 + 1
        at = int(inputs["offset"][0])
        self.seen.append((at, features.shape[1], memory[0, 0, :, 0].tolist(), inputs.get("rest", np.zeros(1)).max()))
        encoded = np.repeat(features[:, : 4 * n : 4, :1], 6, 2)
        new = np.broadcast_to(np.arange(at, at + n, dtype=np.float32)[:, None], (3, 2, n, 5))
        results = {"encoded": encoded, "next_memory": np.concatenate([memory, new], 2)}
        return results | ({"next_rest": inputs["rest"] + 1} if "rest" in inputs else {})


@pytest.mark.parametrize("piece", [1, 9, 33, 100])
def test_pieces_of_any_size_make_the_same_steps(piece):
    graph = FakeGraph()
    stream = EncoderStream(graph, 4, 7, chunk=5, left=-1)
    made = [stream.feed(FEATURES[begin : begin + piece]) for begin in range(0, 100, piece)]
    encoded = np.concatenate([*made, stream.finish()])
    assert encoded.shape == (24, 6)
    assert encoded[:, 0].tolist() == FEATURES[: 24 * 4 : 4, 0].tolist()
    assert [(at, frames, len(past)) for at, frames, past, _ in graph.seen] == [
        (0, 23, 0), (5, 23, 5), (10, 23, 10), (15, 23, 15), (20, 20, 20),
    ]  # fmt: skip
    assert [rest for *_, rest in graph.seen] == [0, 1, 2, 3, 4]


def test_frames_come_as_soon_as_their_window_is_full():
    stream = EncoderStream(FakeGraph(), 4, 7, chunk=2)
    assert [len(stream.feed(FEATURES[n : n + 1])) for n in range(20)] == [0] * 10 + [2] + [0] * 7 + [2, 0]


@pytest.mark.parametrize(("left", "kept"), [(2, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]), (0, [])])
def test_the_past_is_cut_to_what_is_looked_at(left, kept):
    graph = FakeGraph()
    EncoderStream(graph, 4, 7, chunk=5, left=left).feed(FEATURES)
    at, _, past, _ = graph.seen[3]
    assert (at, past) == (15, kept)


def test_an_end_too_short_for_a_frame_is_none():
    graph = FakeGraph(rest=False)
    stream = EncoderStream(graph, 4, 7, chunk=2)
    assert stream.feed(FEATURES[:6]).shape == (0, 6)
    assert stream.finish().shape == (0, 6)
    assert not graph.seen


@pytest.mark.parametrize("piece", [1, 160, 999])
def test_features_of_pieces_are_those_of_the_whole(piece):
    wav = np.random.default_rng(0).standard_normal(4321).astype(np.float32)
    config = FbankConfig(n_mels=5)
    stream = FeatureStream(config)
    made = np.concatenate([stream.feed(wav[begin : begin + piece]) for begin in range(0, len(wav), piece)])
    np.testing.assert_allclose(made, fbank(wav, config), atol=1e-5)
    assert len(stream._waiting) < config.window_samples
