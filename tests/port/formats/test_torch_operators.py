import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch")
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from tingshuo.engine.embed import graph_spec
from tingshuo.errors import PortError
from tingshuo.port.formats.source import SourceGraph
from tingshuo.port.formats.torch_module import GraphModule

X = np.arange(24, dtype=np.float32).reshape(1, 4, 6) / 7 - 1


def run(nodes, inputs, constants=(), outputs=("y",), opset=20):
    """Run nodes with ONNX Runtime and as a torch module; returns both."""
    values = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
    results = [onnx.ValueInfoProto(name=name) for name in outputs]  # of whatever type
    kept = [numpy_helper.from_array(array, name) for name, array in dict(constants).items()]
    graph = helper.make_graph(list(nodes), "g", values, results, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10).SerializeToString()
    spec = graph_spec(model)
    expected = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(list(outputs), inputs)
    source = SourceGraph("g", model, {}, spec, ())
    with torch.no_grad():
        found = GraphModule(source, "test")(*(torch.from_numpy(array) for array in inputs.values()))
    return found, expected


def ints(*numbers):
    return np.array(numbers, np.int64)


CASES = {
    "conv": ([("Conv", ["x", "w", "b"], {"pads": [2, 1], "dilations": [2], "group": 2})], {"w": (4, 2, 2), "b": (4,)}),
    "conv2": (
        [("Unsqueeze", ["x", "two"], {}, "u"), ("Conv", ["u", "v"], {"pads": [0, 1, 0, 1], "strides": [1, 2]})],
        {"v": (5, 4, 1, 3)},
    ),
    "conv_transpose": (
        [("ConvTranspose", ["x", "w"], {"strides": [3], "pads": [1, 1], "output_padding": [1]})],
        {"w": (4, 2, 5)},
    ),
    "pad": ([("Pad", ["x", "pads"], {"mode": "reflect"})], {}),
    "pad_axes": ([("Pad", ["x", "two_pads", "zero", "last"], {})], {}),
    "slice": ([("Slice", ["x", "one", "end", "last", "two"], {})], {}),
    "gather": ([("Gather", ["x", "some"], {"axis": 2})], {}),
    "mean": ([("ReduceMean", ["x", "last"], {"keepdims": 0})], {}),
    "clip": ([("Clip", ["x", "zero", ""], {})], {}),
    "split": ([("Split", ["x", "parts"], {"axis": 2}, "y", "z")], {}),
    "softmax": ([("Softmax", ["x"], {"axis": 1})], {}),
    "leaky": ([("LeakyRelu", ["x"], {"alpha": 0.2})], {}),
    "cumsum": ([("CumSum", ["x", "scalar"], {})], {}),
    "where": ([("Greater", ["x", "zero"], {}, "g"), ("Where", ["g", "x", "zero"], {})], {}),
    "transpose": ([("Transpose", ["x"], {})], {}),
    "gemm": ([("Squeeze", ["x", "first"], {}, "s"), ("Gemm", ["s", "m"], {"alpha": 0.5, "transA": 1})], {"m": (4, 3)}),
    "expand": ([("Expand", ["x", "wide"], {})], {}),
    "fill": (
        [
            ("ConstantOfShape", ["wide"], {"value": numpy_helper.from_array(np.array([2.5], np.float32))}, "f"),
            ("Mul", ["f", "x"], {}),
        ],
        {},
    ),
}
NUMBERS = {
    "two": ints(2), "pads": ints(0, 0, 1, 0, 0, 2), "two_pads": ints(1, 3), "zero": np.float32(0), "last": ints(2),
    "one": ints(1),
    "end": ints(1 << 62), "some": ints(3, 0, 5), "parts": ints(2, 4), "scalar": np.array(2, np.int64), "first": ints(0),
    "wide": ints(3, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_operator_computes_as_onnxruntime_does(case):
    rows, shapes = CASES[case]
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    nodes = [helper.make_node(op, inputs, list(rest) or ["y"], **attributes) for op, inputs, attributes, *rest in rows]
    found, expected = run(nodes, {"x": X}, NUMBERS | weights)
    np.testing.assert_allclose(found[0].numpy(), expected[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "op", ["Abs", "Cos", "Erf", "Exp", "Floor", "Neg", "Relu", "Round", "Sigmoid", "Sin", "Softplus", "Tanh"]
)
def test_a_function_of_one_value_computes_as_onnxruntime_does(op):
    found, expected = run([helper.make_node(op, ["x"], ["y"])], {"x": X})
    np.testing.assert_allclose(found[0].numpy(), expected[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Less", "GreaterOrEqual"])
def test_a_function_of_two_values_computes_as_onnxruntime_does(op):
    found, expected = run([helper.make_node(op, ["x", "b"], ["y"])], {"x": np.abs(X) + 0.5, "b": X[:, :, :1] + 2})
    np.testing.assert_allclose(found[0].numpy(), expected[0], rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch gives up tracing, as the format says
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_sizes_are_followed_through_a_trace():
    """Shape, picked apart and put together again, as exporters write a reshape of free length."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"], start=2, end=3),
        helper.make_node("Squeeze", ["s"], ["n"]),
        helper.make_node("Range", ["zero", "n", "one_step"], ["r"]),
        helper.make_node("Reshape", ["n", "minus"], ["m"], allowzero=0),
        helper.make_node("Concat", ["ones", "m", "two"], ["t"], axis=0),
        helper.make_node("Reshape", ["x", "t"], ["z"]),
        helper.make_node("Cast", ["r"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["f", "last"], ["u"]),
        helper.make_node("Add", ["z", "u"], ["y"]),
    ]
    constants = {
        "zero": np.array(0),
        "one_step": np.array(1),
        "minus": ints(-1),
        "ones": ints(2),
        "two": ints(2),
        "last": ints(1),
    }
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, "F"])]
    results = [onnx.ValueInfoProto(name="y")]
    kept = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "g", values, results, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    module = GraphModule(SourceGraph("g", model, {}, graph_spec(model), ()), "test")
    traced = torch.jit.trace(module, (torch.from_numpy(X),), check_trace=False)
    for length in (6, 3):
        x = np.ascontiguousarray(X[:, :, :length])
        np.testing.assert_allclose(traced(torch.from_numpy(x))[0].numpy(), session.run(None, {"x": x})[0], rtol=0, atol=1e-6)


def test_what_torch_cannot_do_is_said():
    node = helper.make_node("Slice", ["x", "last", "one", "last", "back"], ["y"])
    with pytest.raises(NotImplementedError, match="negative step"):
        run([node], {"x": X}, NUMBERS | {"back": ints(-1)})
    with pytest.raises(PortError, match="has no LSTM"):
        run(
            [helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2)],
            {"x": X},
            {"w": np.zeros((1, 8, 6), np.float32), "r": np.zeros((1, 8, 2), np.float32)},
        )
