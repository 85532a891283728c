import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.layers.graph import Graph  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.products import find_depthwise, find_products  # noqa: E402

pytestmark = pytest.mark.train


def test_every_weight_matrix_is_found_once(exported, tensors):
    found = [product.weight for model in exported.values() for product in find_products(model.graph)]
    tables = {"phoneme.weight", "tone.weight", "position.weight", "style.weight", "speaker.weight"}
    dense = {name for name, t in tensors.items() if t.ndim >= 2 and "depthwise" not in name} - tables
    assert sorted(found) == sorted(dense)


def test_sizes_and_sides_of_a_convolution(exported):
    products = {product.weight: product for product in find_products(exported["encoder"].graph)}
    first, second = products["encoder.0.conv_in.weight"], products["encoder.0.conv_out.weight"]
    assert (first.n_in, first.n_out, first.kernel, first.bias) == (16, 24, 3, "encoder.0.conv_in.bias")
    assert (first.x_features_first, first.y_features_first) == (False, False)
    assert (second.x_features_first, second.y_features_first) == (False, False)


def test_depthwise_convolutions_are_apart(exported):
    assert [len(find_depthwise(exported[name].graph)) for name in ("pitch", "decoder", "vocoder")] == [0, 1, 1]


def test_a_convolution_that_changes_the_length_is_refused():
    net = torch.nn.Conv1d(2, 2, 3)
    graph = Graph("valid", net, {"x": torch.zeros(1, 2, 9)}, {"x": {2: "F"}}, ("y",))
    model = export_graph(graph)
    with pytest.raises(PortError, match="'weight' changes the number of frames"):
        find_products(model.graph)


def test_convolutions_over_pictures_are_none_over_time():
    net = torch.nn.Conv2d(1, 2, 3, 2)
    graph = Graph("picture", net, {"x": torch.zeros(1, 1, 9, 9)}, {"x": {2: "F"}}, ("y",))
    assert not find_products(export_graph(graph).graph)


def test_a_product_without_a_bias_is_left_as_it_is():
    net = torch.nn.Linear(4, 3, bias=False)
    model = export_graph(Graph("lean", net, {"x": torch.zeros(5, 4)}, {"x": {0: "F"}}, ("y",)))
    assert "Gemm" in {node.op_type for node in model.graph.node}
    assert not find_products(model.graph)
