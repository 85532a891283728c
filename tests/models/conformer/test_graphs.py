import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.graphs import graphs  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = ConformerConfig(units=5, features=20, dim=8, layers=2, heads=2, hidden=12, dynamic_chunk=True, decoder_layers=1,
                         reverse_layers=1, decoder_heads=2, decoder_hidden=12)  # fmt: skip
ALL = ["encoder", "encoder_chunk", "ctc", "decoder", "reverse_decoder"]


@torch.inference_mode()
@pytest.mark.parametrize(
    ("changes", "names", "kept"),
    [
        ({}, ALL, ["features", "offset", "memory", "rest"]),
        ({"kernel": 0, "reverse_layers": 0}, ALL[:-1], ["features", "offset", "memory"]),
        ({"causal": False, "kernel": 5, "static_chunk": 3, "dynamic_chunk": False}, ALL, ["features", "offset", "memory"]),
        ({"dynamic_chunk": False, "decoder_layers": 0, "reverse_layers": 0}, ["encoder", "ctc"], None),
    ],
)
def test_every_input_and_output_is_named(changes, names, kept):
    named = {graph.name: graph for graph in graphs(Conformer(CONFIG.replace(**changes)).eval())}
    assert list(named) == names
    for graph in named.values():
        results = graph.module(*graph.inputs.values())
        assert len(results if isinstance(results, tuple) else (results,)) == len(graph.outputs)
        assert set(graph.free) <= set(graph.inputs)
    if kept is not None:
        assert list(named["encoder_chunk"].inputs) == kept


def test_chunks_of_any_length_can_be_exported():
    pytest.importorskip("onnx")
    from tingshuo.port.export import export_graph

    config = CONFIG.replace(subsampling=6, layers=1, decoder_layers=0, reverse_layers=0)
    chunk = next(graph for graph in graphs(Conformer(config).eval()) if graph.name == "encoder_chunk")
    model = export_graph(chunk)
    (features,) = (value for value in model.graph.input if value.name == "features")
    assert features.type.tensor_type.shape.dim[1].dim_param == "T"
