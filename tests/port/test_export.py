import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.layers.graph import Graph  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.verify import compare, open_model, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train
NAMES = ["encoder", "pitch", "decoder", "vocoder"]


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_computes_what_its_net_does(name, graphs, exported, tensors, inputs):
    errors = compare(open_model(exported[name], tensors), inputs[name], reference_outputs(graphs[name], inputs[name]))
    assert list(errors) == list(graphs[name].outputs)
    assert max(errors.values()) < -60  # the weights went through half precision


@pytest.mark.parametrize("name", NAMES)
def test_weights_lie_outside_in_half_precision_under_the_nets_names(name, exported, tensors):
    for initializer in exported[name].graph.initializer:
        assert initializer.data_location == onnx.TensorProto.EXTERNAL
        assert initializer.data_type == onnx.TensorProto.FLOAT16
        assert tuple(initializer.dims) == tensors[initializer.name].shape
        assert not initializer.raw_data


def test_inputs_that_share_an_example_stay_apart(exported):
    assert [value.name for value in exported["encoder"].graph.input] == ["phoneme_ids", "tones", "positions", "style"]
    read = {name for node in exported["encoder"].graph.node for name in node.input}
    assert {"phoneme_ids", "tones", "positions", "style"} <= read


def test_free_dimensions_are_named(exported):
    shape = exported["pitch"].graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == [1, "F", 16]


def test_exporting_twice_gives_the_same_bytes(graphs, exported):
    again = export_graph(graphs["pitch"]).SerializeToString(deterministic=True)
    assert again == exported["pitch"].SerializeToString(deterministic=True)


def test_the_file_says_nothing_about_the_machine(exported):
    text = exported["decoder"].SerializeToString()
    assert b"site-packages" not in text
    assert b".py" not in text


class _Buffered(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.arange(6.0))

    def forward(self, x):
        return x + self.table


def test_a_weight_that_is_no_parameter_is_refused():
    graph = Graph("buffered", _Buffered(), {"x": torch.zeros(1, 6)}, {}, ("y",))
    with pytest.raises(PortError, match="table"):
        export_graph(graph)


def test_a_weight_beyond_half_precision_is_refused():
    layer = torch.nn.Linear(2, 2)
    assert half_tensors(layer)["weight"].dtype == np.float16
    layer.weight.data[0, 0] = 1e6
    with pytest.raises(PortError, match="weight"), np.errstate(over="ignore"):
        half_tensors(layer)
