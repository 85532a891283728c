"""The comparison itself, of small graphs with nets that do the same or nearly the same."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.piper_proof import prove  # noqa: E402

pytestmark = pytest.mark.train
FRAMES = 46


class Net:
    """Two frames a phoneme; a sample is its frame's noise, on top of the mean of the noise of the durations."""

    def __init__(self, gain=1.0, frames=FRAMES, stochastic=True):
        self.config = SimpleNamespace(symbols=5, latent=1, stochastic=stochastic, speakers=1, speaker_dim=0)
        self.gain, self.n_frames = gain, frames

    def frames(self, ids, duration_noise, length_scale, speaker):
        return torch.tensor([self.n_frames])

    def __call__(self, ids, duration_noise, noise, length_scale, speaker):
        mean = duration_noise.mean() if self.config.stochastic else 0
        return self.gain * noise[:, 0] + mean + length_scale


def graph(draws=2):
    """The same, as a graph that draws its noise."""
    nodes = [
        helper.make_node("RandomNormal", [], ["drawn"], shape=[1, 2, 23]),
        helper.make_node("RandomNormal", [], ["noise"], shape=[1, 1, FRAMES]),
        helper.make_node("Constant", [], ["axis"], value=helper.make_tensor("", TensorProto.INT64, [1], [0])),
        helper.make_node("Split", ["scales"], ["of_noise", "length", "of_drawn"], axis=0),
        helper.make_node("ReduceMean", ["drawn"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "of_drawn"], ["first"]),
        helper.make_node(
            "Constant", [], ["frames"], value=helper.make_tensor("", TensorProto.FLOAT, [1, 1, FRAMES], [1] * FRAMES)
        ),
        helper.make_node("Mul", ["noise", "of_noise"], ["free"]),
        helper.make_node("Mul", ["free", "frames"], ["second"]),
        helper.make_node("Add", ["first", "length"], ["third"]),
        helper.make_node("Add", ["second", "third"], ["output"]),
    ]
    given = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, None]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, None])
    made = helper.make_graph(nodes[2 - draws :], "g", given, [output])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def test_equal_is_proved():
    assert prove(graph(), Net()) < -100


def test_noise_is_compared_too():
    with pytest.raises(PortError, match=r"our net's wave differs from its own by -[0-9]+ dB, allowed are -60 dB"):
        prove(graph(), Net(gain=1.01))


def test_another_length_is_no_proof():
    with pytest.raises(PortError, match=r"last longer or shorter than our net's|cannot be run as VITS is"):
        prove(graph(), Net(frames=FRAMES + 1))


def test_draws_at_other_places_are_said():
    with pytest.raises(PortError, match="it draws noise at 2 places, VITS does so at 1"):
        prove(graph(), Net(stochastic=False))


def test_a_graph_that_cannot_be_opened_is_said():
    with pytest.raises(PortError, match="it cannot be opened"):
        prove(broken(), Net())


def broken():
    model = graph()
    model.graph.node[4].op_type = "Nothing"
    return model
