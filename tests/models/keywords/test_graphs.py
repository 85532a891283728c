import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.models.keywords.config import KeywordsConfig  # noqa: E402
from tingshuo.models.keywords.graphs import GRAPH, graphs  # noqa: E402
from tingshuo.models.keywords.net import KeywordsNet  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.optimize import optimize  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train


def test_the_graph_says_what_the_net_says():
    torch.manual_seed(0)
    net = KeywordsNet(KeywordsConfig(rows=3, mels=6, frames=20, dim=8, kernels=(3,), wide=12), learning=True).eval().folded()
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    (graph,) = graphs(net)
    assert (graph.name, graph.outputs, graph.free) == (GRAPH, ("probabilities",), {})
    given = {"features": np.random.default_rng(0).normal(size=(1, 20, 6)).astype(np.float32)}
    (rows,) = open_model(optimize(export_graph(graph)), tensors).run(given)["probabilities"]
    assert rows.shape == (3,)
    assert rows.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(rows, reference_outputs(graph, given)["probabilities"][0], atol=1e-5)
