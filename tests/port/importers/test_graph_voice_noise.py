"""What a graph drew itself it is given: the same numbers in the same places, and nothing else changes."""

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from tingshuo.port.importers.graph_voice_noise import draws_itself, give_draws  # noqa: E402
from tingshuo.port.importers.graph_voice_trial import open_plain  # noqa: E402

pytestmark = pytest.mark.train
FLOAT = TensorProto.FLOAT


def model_of(*nodes: Any, opset: int = 17, inputs: tuple[str, ...] = ("x",), halves: bool = False) -> Any:
    given = [helper.make_tensor_value_info(name, FLOAT, ["a", "b"]) for name in inputs]
    made = [helper.make_tensor_value_info(node.output[0], FLOAT, None) for node in nodes]
    weights = [helper.make_tensor("w", TensorProto.FLOAT16, [1], [1.0])] if halves else []
    graph = helper.make_graph(list(nodes), "g", given, made, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def drawn(name: str, **attributes: Any) -> Any:
    return helper.make_node("RandomNormalLike", ["x"], [name], **attributes)


def test_each_operator_takes_what_those_before_it_left():
    model = model_of(drawn("first"), drawn("second", mean=1.0, scale=2.0))
    assert draws_itself(model)
    assert give_draws(model) == "draws"
    assert not draws_itself(model)
    given = np.arange(100, dtype=np.float32)
    found = open_plain(model, "g").run({"x": np.zeros((2, 3), np.float32), "draws": given})
    np.testing.assert_array_equal(found["first"], given[:6].reshape(2, 3))
    np.testing.assert_array_equal(found["second"], 2 * given[6:12].reshape(2, 3) + 1)


def test_where_the_numbers_end_they_begin_again():
    model = model_of(drawn("first"))
    give_draws(model)
    found = open_plain(model, "g").run({"x": np.zeros((2, 3), np.float32), "draws": np.arange(4, dtype=np.float32)})
    assert found["first"].tolist() == [[0, 1, 2], [3, 0, 1]]


def test_the_input_has_a_name_of_its_own():
    model = model_of(drawn("y"), inputs=("x", "draws"))
    assert give_draws(model) == "draws_0"


@pytest.mark.parametrize(
    "model",
    [
        model_of(helper.make_node("Identity", ["x"], ["y"])),
        model_of(helper.make_node("RandomUniformLike", ["x"], ["y"])),
        model_of(drawn("y", dtype=TensorProto.FLOAT16)),
        model_of(drawn("y"), halves=True),
        model_of(drawn("y"), opset=10),
    ],
    ids=["nothing", "uniform", "half", "halves", "old"],
)
def test_a_graph_that_cannot_be_given_them_stays_as_it_is(model: Any):
    before = model.SerializeToString()
    assert give_draws(model) == ""
    assert model.SerializeToString() == before


def test_what_a_branch_draws_is_left_to_it():
    body = helper.make_graph([drawn("inside")], "b", [], [helper.make_tensor_value_info("inside", FLOAT, None)])
    cond = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True]))
    model = model_of(drawn("y"), cond, helper.make_node("If", ["c"], ["z"], then_branch=body, else_branch=body))
    assert give_draws(model) == ""
    del model.graph.node[0]
    assert draws_itself(model)
