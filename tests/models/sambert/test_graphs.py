import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.sambert.config import SambertConfig  # noqa: E402
from tingshuo.models.sambert.graphs import graphs  # noqa: E402
from tingshuo.models.sambert.net import Sambert  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("speakers", [2, 0])
def test_every_input_and_output_is_named(speakers):
    few = {"encoder_layers": 1, "decoder_layers": 2, "predictor_layers": 1, "postnet_layers": 1}
    net = Sambert(SambertConfig(tables=(9, 5, 3, 3), emotions=3, speakers=speakers, embedding=16, **few)).eval()
    named = {graph.name: graph for graph in graphs(net)}
    assert list(named) == ["encoder", "duration", "memory", "decoder", "context", "postnet"]
    for graph in named.values():
        results = graph.module(*graph.inputs.values())
        assert len(results if isinstance(results, tuple) else (results,)) == len(graph.outputs)
        assert set(graph.free) <= set(graph.inputs)
    inputs = named["encoder"].inputs  # rows of the tables: a speaker is one, whether there is a table or not
    assert {name: value.shape[2] for name, value in inputs.items()} == {"ids": 4, "emotion": 32, "speaker": 32}
    assert all(1 in axes for axes in named["encoder"].free.values())
    assert not named["duration"].free
