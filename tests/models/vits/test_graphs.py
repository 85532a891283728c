import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vits.graphs import graphs  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("name", ["one", "three"])
def test_every_input_and_output_is_named(tiny_net, name):
    made = graphs(tiny_net[name])
    assert [graph.name for graph in made] == ["encoder", "duration", "flow", "decoder"]
    for graph in made:
        results = graph.module(*graph.inputs.values())
        assert len(results if isinstance(results, tuple) else (results,)) == len(graph.outputs)
        assert ("speaker" in graph.inputs) == (name == "three" and graph.name != "encoder")
    assert ("noise" in made[1].inputs) == (name == "one")
