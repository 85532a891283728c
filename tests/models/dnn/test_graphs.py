import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.models.dnn.config import DnnConfig  # noqa: E402
from tingshuo.models.dnn.graphs import GRAPH, graphs  # noqa: E402
from tingshuo.models.dnn.net import Dnn  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.families import build_nets, sizes  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = DnnConfig(inputs=6, states=4, layers=2, dim=10)


def test_the_graph_says_what_the_net_says_of_any_number_of_frames():
    torch.manual_seed(0)
    net = Dnn(CONFIG).eval()
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    (graph,) = graphs(net)
    assert graph.name == GRAPH
    session = open_model(export_graph(graph), tensors)
    for frames in (1, 30):
        given = {"frames": np.random.default_rng(0).normal(size=(frames, 6)).astype(np.float32)}
        found = session.run(given)["log_posteriors"]
        np.testing.assert_allclose(np.exp(found).sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(found, reference_outputs(graph, given)["log_posteriors"], atol=1e-5)


def test_a_bundle_tells_how_to_build_it():
    (built,) = build_nets(sizes("dnn", CONFIG))
    assert {name: value.shape for name, value in built.net.state_dict().items()} == {
        name: value.shape for name, value in Dnn(CONFIG).state_dict().items()
    }
