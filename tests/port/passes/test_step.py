import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.passes.graphs import ops, stack  # noqa: E402
from tests.port.tiny_sambert import ACOUSTIC, random_net  # noqa: E402

from tingshuo.models.sambert.graphs import graphs  # noqa: E402
from tingshuo.models.sambert.net import Sambert  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.passes import attention  # noqa: E402
from tingshuo.port.passes.step import apply  # noqa: E402
from tingshuo.port.passes.subject import NotApplicableError, Subject  # noqa: E402
from tingshuo.port.verify import compare, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def step():
    net = random_net(Sambert, ACOUSTIC)
    graph = next(graph for graph in graphs(net) if graph.name == "decoder")
    tensors = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    return graph, Subject("decoder", export_graph(graph, half=False), tensors)


@pytest.mark.parametrize("past", [0, 1, 6])
def test_a_step_laid_out_anew_computes_the_same(step, past):
    graph, one = step
    rng = np.random.default_rng(past)
    shapes = {"frame": (1, 6), "text": (1, ACOUSTIC.memory_dim), "past": (2, 2, past, 8), "memory": (2, 2, past + 2, 8)}
    inputs = {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    fast = apply(one)
    assert max(compare(fast.open(), inputs, reference_outputs(graph, inputs)).values()) < -100
    assert len(ops(fast)) < 0.7 * len(ops(attention.apply(one)))


def test_other_graphs_are_refused():
    with pytest.raises(NotApplicableError, match="not the step"):
        apply(stack())
