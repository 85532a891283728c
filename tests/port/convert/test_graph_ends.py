"""The ends of a graph are remade, and what lies between computes what it did."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
import onnx
from onnx import TensorProto, helper
from tests.port.tiny_graphs import BANDS, HOP, vocoder_graph

from tingshuo.errors import PortError
from tingshuo.port.convert.graph_ends import Ends, rename
from tingshuo.port.importers.onnx_files import open_whole

MEL = np.random.default_rng(1).normal(-4, 2, (1, BANDS, 11)).astype(np.float32)


def run(model: onnx.ModelProto, **inputs: Any) -> dict[str, Any]:
    return open_whole(model, "g").run(inputs)


@pytest.mark.parametrize(
    ("layout", "steps"),
    [
        ("bmf", []),
        ("bfm", [("Transpose", (0, 2, 1))]),
        ("mf", [("Reshape", (BANDS, -1))]),
        ("b1fm", [("Transpose", (0, 2, 1)), ("Reshape", (1, 1, -1, BANDS))]),
    ],
)
def test_axes_types_and_names(layout: str, steps: list[Any]) -> None:
    expected = run(vocoder_graph(), spec=MEL)["audio"]
    # Theirs may be called as ours are, crosswise too.
    ends = Ends(vocoder_graph(layout, mel="wav", output="mel"))
    ends.take("wav", "mel", [1, BANDS, "frames"], steps)
    ends.give("mel", "wav", [1, "samples"], [("Reshape", (1, -1))])
    made = open_whole(ends.finish(), "g")
    assert made.spec.inputs == {"mel": ("float32", (1, BANDS, "frames"))}
    assert made.spec.outputs == {"wav": ("float32", (1, "samples"))}
    np.testing.assert_array_equal(made.run({"mel": MEL})["wav"], expected[:, 0])


def test_half_precision_is_given_and_taken_as_float32() -> None:
    expected = run(vocoder_graph(dtype=TensorProto.FLOAT16), spec=MEL.astype(np.float16))["audio"]
    ends = Ends(vocoder_graph(dtype=TensorProto.FLOAT16))
    ends.take("spec", "mel", [1, BANDS, "frames"])
    ends.give("audio", "wav", [1, 1, "samples"])
    made = run(ends.finish(), mel=MEL)["wav"]
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, expected.astype(np.float32), atol=2e-3)  # the runtime widens half precision as it likes


def test_scales_and_fixed_values() -> None:
    expected = run(vocoder_graph(scale=True), spec=2 * MEL + 1, scale=np.array([0.5], np.float32))["audio"]
    ends = Ends(vocoder_graph(scale=True))
    ends.fix("scale", 0.5)
    ends.take("spec", "mel", [1, BANDS, "frames"], [("Mul", 2.0), ("Add", np.ones((BANDS, 1)))])
    ends.give("audio", "wav", [1, 1, "samples"], [("Mul", 4.0)])
    np.testing.assert_allclose(run(ends.finish(), mel=MEL)["wav"], 4 * expected, rtol=1e-6)


def test_an_input_that_is_left_over() -> None:
    ends = Ends(vocoder_graph(scale=True))
    ends.take("spec", "mel", [1, BANDS, "frames"])
    ends.give("audio", "wav", [1, 1, "samples"])
    with pytest.raises(PortError, match="its inputs scale are given nothing"):
        ends.finish()


def test_a_graph_that_gives_its_input_back() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value, other])
    with pytest.raises(PortError, match="it gives its input x back as it is"):
        Ends(helper.make_model(graph))


def test_it_can_be_done_twice() -> None:
    expected = run(vocoder_graph(), spec=MEL)["audio"]
    model = vocoder_graph(mel="mel", output="wav")
    for _ in range(3):
        ends = Ends(model)
        ends.take("mel", "mel", [1, BANDS, "frames"], [("Add", 0.0)])
        ends.give("wav", "wav", [1, 1, "samples"], [("Mul", 1.0)])
        model = ends.finish()
    np.testing.assert_array_equal(run(model, mel=MEL)["wav"], expected)
    assert MEL.shape[2] * HOP == expected.shape[2]


def test_names_change_in_bodies_too() -> None:
    inner = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["z"])], "b", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])]
    )
    node = helper.make_node("If", ["flag"], ["y"], then_branch=inner, else_branch=inner)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])], [])
    rename(graph, {"x": "new"})
    assert graph.input[0].name == "new"
    assert {one.g.node[0].input[0] for one in graph.node[0].attribute} == {"new"}
