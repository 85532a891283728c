import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.graph import Graph  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.rows import read_rows, row_tensors, widened  # noqa: E402
from tingshuo.port.verify import compare, open_model, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.large, self.small = torch.nn.Linear(128, 96), torch.nn.Linear(96, 5)

    def forward(self, x):
        return self.small(torch.relu(self.large(x)))


@pytest.fixture
def net():
    torch.manual_seed(2)
    made = Net().eval()
    with torch.no_grad():
        made.large.weight[3] = 0.0  # a row without anything has no scale of its own
        made.large.weight[4] *= 1000
    return made


def test_large_matrices_are_stored_in_a_byte_a_number(net):
    stored = row_tensors(net)
    assert {name: str(one.dtype) for name, one in stored.items()} == {
        "large.weight": "int8", "large.weight.scale": "float32", "large.bias": "float16",
        "small.weight": "float16", "small.bias": "float16",
    }  # fmt: skip
    assert stored["large.weight.scale"].shape == (96, 1)


def test_each_row_is_as_exact_as_its_largest_number_allows(net):
    own = net.large.weight.detach().numpy()
    error = np.abs(widened(row_tensors(net))["large.weight"] - own).max(1)
    assert (error <= np.abs(own).max(1) / 127 / 2 * 1.001).all()


def test_a_row_of_nothing_stays_one_where_tiny_numbers_are_flushed(net):
    torch.set_flush_denormal(True)  # as trainings do
    try:
        wide = widened(row_tensors(net))["large.weight"]
    finally:
        torch.set_flush_denormal(False)
    assert not wide[3].any()
    assert np.isfinite(wide).all()


def test_a_graph_computes_what_the_widened_net_does(net):
    stored = row_tensors(net)
    net.load_state_dict({name: torch.from_numpy(one) for name, one in widened(stored).items()})
    graph = Graph("net", net, {"x": torch.randn(1, 7, 128)}, {"x": {1: "N"}}, ("y",))
    given = {"x": torch.randn(1, 31, 128).numpy()}
    model = read_rows(export_graph(graph), stored)
    assert compare(open_model(model, stored), given, reference_outputs(graph, given))["y"] < -100
    assert {one.name for one in model.graph.initializer} == set(stored)
