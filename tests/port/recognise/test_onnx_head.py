"""The outline of a graph, from its bytes alone."""

from pathlib import Path
from typing import Any

import pytest

from tingshuo.port.recognise.onnx_head import read_onnx_head

GRAPHS = Path(__file__).parents[3] / "src/tingshuo/voices/default/graphs/onnx/fp32"


@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_it_is_what_the_runtime_says(name: str) -> None:
    onnx = pytest.importorskip("onnx")
    head, model = read_onnx_head(GRAPHS / f"{name}.onnx"), onnx.load(GRAPHS / f"{name}.onnx", load_external_data=False)
    weights = {tensor.name for tensor in model.graph.initializer}

    def size(dim: Any) -> int | str:
        return dim.dim_param or (dim.dim_value if dim.HasField("dim_value") else "?")

    def shapes(values: Any) -> dict[str, tuple[int | str, ...]]:
        given = [value for value in values if value.name not in weights]
        return {value.name: tuple(map(size, value.type.tensor_type.shape.dim)) for value in given}

    assert (head.inputs, head.outputs) == (shapes(model.graph.input), shapes(model.graph.output))
    assert head.opset == next(one.version for one in model.opset_import if one.domain == "")
    assert head.producer == model.producer_name
    assert head.operators.total() == len(model.graph.node)
    types = {
        value.name: onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name for value in model.graph.input
    }
    assert {key: kind for key, kind in head.types.items() if key in types} == types
    told = dict(head.outline())
    assert all(f"{key} float32 [" in told["outputs"] for key in head.outputs)
    assert head.metadata == {pair.key: pair.value for pair in model.metadata_props}


def test_what_is_no_graph(tmp_path: Path) -> None:
    whole, path = (GRAPHS / "vocoder.onnx").read_bytes(), tmp_path / "x.onnx"
    for content in (b"hello, this is text", b"\x08\x07", whole[:1], whole[: len(whole) // 2], whole[:-1], b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"no ONNX model|no protobuf message"):
            read_onnx_head(path)
