"""A graph that was made of a program has to make what the program made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
import onnx
from onnx import TensorProto, helper

from tingshuo.errors import PortError, VerifyError
from tingshuo.port.importers.examples import worst_error


@pytest.fixture
def doubles() -> onnx.ModelProto:
    """x (1, T) twice."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "T"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def examples(factor: float = 2.0, **more: Any) -> dict[str, Any]:
    made = {}
    for place, length in enumerate((5, 8)):
        x = np.linspace(1, 2, length, dtype=np.float32)[None]
        made |= {f"{place}/input/x": x, f"{place}/output/y": x * np.float32(factor)}
    return made | more


def test_the_largest_error_is_told(doubles: onnx.ModelProto) -> None:
    assert worst_error(Path("x"), doubles, examples()) < -120
    assert -90 < worst_error(Path("x"), doubles, examples(2.0001)) < -80


def test_another_answer_is_refused(doubles: onnx.ModelProto) -> None:
    with pytest.raises(VerifyError, match=r"net.pt: as ONNX its output 'y' differs by -40 dB from its own, the limit is -60 dB"):
        worst_error(Path("net.pt"), doubles, examples(2.02))
    with pytest.raises(VerifyError, match="differs by inf dB"):
        worst_error(Path("x"), doubles, examples(**{"1/output/y": np.zeros((1, 3), np.float32)}))


def test_inputs_that_it_does_not_take(doubles: onnx.ModelProto) -> None:
    with pytest.raises(PortError, match="as ONNX it cannot be run on what it ran on itself"):
        worst_error(Path("x"), doubles, examples(**{"1/input/x": np.zeros((1, 3, 3), np.float32)}))
