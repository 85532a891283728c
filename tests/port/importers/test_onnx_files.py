"""Graphs are read whole or refused with a sentence; their weights come from no other folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
import onnx
from onnx import TensorProto, helper, numpy_helper

from tingshuo.errors import PortError
from tingshuo.port.importers import onnx_files
from tingshuo.port.importers.onnx_files import outline, read_onnx, spec_of

WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4)


def graph(**changes: Any) -> onnx.ModelProto:
    """A product of x (1, T, 3) and a weight."""
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "T", 3]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    node = helper.make_node(changes.get("operator", "MatMul"), ["x", "w"], ["y"], domain=changes.get("domain", ""))
    made = helper.make_graph([node], "g", values[:1], values[1:], [numpy_helper.from_array(WEIGHT, "w")])
    opsets = [helper.make_opsetid("", changes.get("opset", 17))]
    if changes.get("domain"):
        opsets.append(helper.make_opsetid(changes["domain"], 1))
    return helper.make_model(made, opset_imports=opsets, ir_version=8, functions=changes.get("functions", []))


def outside(model: onnx.ModelProto, **told: str) -> onnx.ModelProto:
    """Say that the weight lies in another file."""
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in told.items():
        weight.external_data.add(key=key, value=value)
    return model


def write(folder: Path, model: onnx.ModelProto) -> Path:
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder / "m.onnx"


def test_a_graph_and_what_goes_in_and_out(tmp_path: Path) -> None:
    path = write(tmp_path, graph())
    model = read_onnx(path)
    spec = spec_of(path, model)
    assert spec.inputs == {"x": ("float32", (1, "T", 3))}
    assert outline(spec) == "inputs x float32 [1, T, 3]; outputs y float32 [1, T, 4]"


def test_weights_beside_it_come_in(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/w.bin").write_bytes(b"head" + WEIGHT.tobytes())
    model = read_onnx(write(tmp_path, outside(graph(), location="deep/w.bin", offset="4", length="48")))
    np.testing.assert_array_equal(numpy_helper.to_array(model.graph.initializer[0]), WEIGHT)
    assert not model.graph.initializer[0].external_data


def test_weights_in_the_body_of_a_branch_come_in_too(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    inner = outside(graph(), location="w.bin").graph.initializer[0]
    constant = helper.make_node("Constant", [], ["c"])
    constant.attribute.append(onnx.AttributeProto(name="value", type=onnx.AttributeProto.TENSOR, t=inner))
    value = helper.make_tensor_value_info("c", TensorProto.FLOAT, [3, 4])
    body = helper.make_graph([constant], "b", [], [value])
    flag = helper.make_tensor_value_info("flag", TensorProto.BOOL, [])
    node = helper.make_node("If", ["flag"], ["y"], then_branch=body, else_branch=body)
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 4])
    model = helper.make_model(
        helper.make_graph([node], "g", [flag], [out]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    read = read_onnx(write(tmp_path, model))
    np.testing.assert_array_equal(numpy_helper.to_array(read.graph.node[0].attribute[0].g.node[0].attribute[0].t), WEIGHT)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"location": "../w.bin"}, r"lie in '\.\./w.bin', which is not in its folder, and is not read"),
        ({"location": "/etc/passwd"}, "which is not in its folder"),
        ({"location": "a/../../w.bin"}, "which is not in its folder"),
        ({"location": r"..\w.bin"}, "which is not in its folder"),
        ({"location": "*/_ORT_MEM_ADDR_/*", "offset": "4096"}, "which is not in its folder"),
        ({}, "which is not in its folder"),
        ({"location": "none.bin"}, "none.bin: is missing; the weights of m.onnx lie in it"),
        ({"location": "link.bin"}, "is a link that leads out of the folder"),
        ({"location": "out/w.bin"}, "is a link that leads out of the folder"),
        ({"location": "short.bin"}, "is too short for the weight 'w'"),
        ({"location": "whole.bin", "length": "12"}, "is too short for the weight 'w', or of another model"),
        ({"location": "whole.bin", "offset": "99"}, "is too short for the weight"),
        ({"location": "whole.bin", "offset": "-1"}, "tells no place in whole.bin"),
        ({"location": "whole.bin", "offset": "1" * 30}, "tells no place in whole.bin"),
    ],
)
def test_weights_elsewhere_are_not_read(told: dict[str, str], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "out").symlink_to(tmp_path)
    (folder / "short.bin").write_bytes(WEIGHT.tobytes()[:-1])
    (folder / "whole.bin").write_bytes(WEIGHT.tobytes())
    with pytest.raises(PortError, match=message):
        read_onnx(write(folder, outside(graph(), **told)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opset": 6}, "is written in opset 6 of ONNX; accepted: 7 to"),
        ({"opset": 999}, "is written in opset 999 of ONNX"),
        ({"operator": "Teleport"}, "has operators that opset 17 of ONNX does not know: Teleport"),
        ({"operator": "Fancy", "domain": "my.company"}, "has operators that are not of ONNX: my.company:Fancy"),
    ],
)
def test_operators_that_nobody_here_has(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=message):
        read_onnx(write(tmp_path, graph(**changes)))


def test_operators_that_the_file_defines_itself(tmp_path: Path) -> None:
    opset = [helper.make_opsetid("", 17)]
    own = helper.make_function("my.company", "Fancy", ["a", "b"], ["c"], [helper.make_node("MatMul", ["a", "b"], ["c"])], opset)
    path = write(tmp_path, graph(operator="Fancy", domain="my.company", functions=[own]))
    assert spec_of(path, read_onnx(path)).outputs.keys() == {"y"}


def test_what_is_no_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"hello, this is text")
    with pytest.raises(PortError, match="is no ONNX graph, or was cut short"):
        read_onnx(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(PortError, match="is no ONNX graph: nothing is computed"):
        read_onnx(tmp_path / "x")
    with pytest.raises(PortError, match="cannot be read: No such file"):
        read_onnx(tmp_path / "none")
    monkeypatch.setattr(onnx_files, "LARGEST_BYTES", 10)
    with pytest.raises(PortError, match=r"has 0\.0 GB, and a graph may have 2\.1"):
        read_onnx(write(tmp_path, graph()))
    monkeypatch.setattr(onnx_files, "LARGEST_BYTES", 200)
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    assert (tmp_path / "m.onnx").stat().st_size < 200
    with pytest.raises(PortError, match="and a graph may have"):
        read_onnx(write(tmp_path, outside(graph(), location="w.bin", x="y" * 100)))


def test_what_the_runtime_does_not_open(tmp_path: Path) -> None:
    model = graph()
    model.graph.node[0].input[1] = "nothing"
    path = write(tmp_path, model)
    with pytest.raises(PortError, match=r"m.onnx: ONNX Runtime cannot open it: .*nothing"):
        spec_of(path, read_onnx(path))
