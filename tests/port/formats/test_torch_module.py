import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from tingshuo.errors import PortError
from tingshuo.port.formats.torch_module import GraphModule, example_tensors


@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_a_graph_computes_as_the_runtime_does(graph_of, name):
    graph = graph_of(name)
    with torch.inference_mode():
        found = GraphModule(graph, "test")(*example_tensors(graph))
    for output, (key, expected) in zip(found, graph.examples[0][1].items(), strict=True):
        np.testing.assert_allclose(output.numpy(), expected, rtol=0, atol=1e-4, err_msg=key)


def test_weights_are_kept_once_and_wide(graph_of):
    module = GraphModule(graph_of("pitch"), "test")
    assert {buffer.dtype for buffer in module.buffers()} <= {torch.float32, torch.int64}
    assert sum(b.numel() for b in module.buffers()) < 1.1 * sum(t.size for t in graph_of("pitch").tensors.values())


def test_operators_can_be_spelt_otherwise(graph_of):
    seen = []

    def gelu(_, x):
        seen.append(x.shape)
        return torch.nn.functional.gelu(x)

    GraphModule(graph_of("pitch"), "test", {"Gelu": gelu})(*example_tensors(graph_of("pitch")))
    assert seen


def test_an_operator_that_is_not_known_is_named(strange):
    with pytest.raises(PortError, match="format test: graph 'pitch' cannot be written, it has no Hum"):
        GraphModule(strange, "test")
