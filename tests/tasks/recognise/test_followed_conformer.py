"""A net of the family that was taught in chunks hears live what it hears of the whole with the same chunks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config.conformer import ConformerBundleConfig  # noqa: E402
from tingshuo.config.fbank import Cmvn, FbankConfig  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.graphs import graphs  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.port.verify import reference_outputs  # noqa: E402
from tingshuo.tasks.recognise.model import Recogniser  # noqa: E402
from tingshuo.tasks.recognise.search import prefix_beam  # noqa: E402
from tingshuo.types import GraphSpec  # noqa: E402

pytestmark = pytest.mark.train
SIZES = ConformerConfig(
    units=7, features=20, dim=8, layers=2, heads=2, hidden=12, dynamic_chunk=True, decoder_layers=0, reverse_layers=0
)


class Eager:
    """A graph of the family, run by torch."""

    def __init__(self, graph):
        self.graph = graph
        shapes = {name: ("float32", tuple(tensor.shape)) for name, tensor in graph.inputs.items()}
        self.spec = GraphSpec(shapes, {"encoded": ("float32", (1, "N", SIZES.dim))})

    def run(self, inputs):
        return reference_outputs(self.graph, inputs)


@pytest.mark.parametrize(("static", "chunk_s", "chunk"), [(0, 0.24, 6), (0, 0.08, 2), (5, 0.24, 5)])
@pytest.mark.parametrize("piece", [640, 5001])
@torch.inference_mode()
def test_what_is_followed_is_what_the_net_hears_in_chunks(static, chunk_s, chunk, piece):
    torch.manual_seed(0)
    net = Conformer(SIZES.replace(static_chunk=static, dynamic_chunk=not static)).eval()
    settings = ConformerBundleConfig(
        family="conformer", fbank=FbankConfig(n_mels=20), cmvn=Cmvn((10.0,) * 20, (0.2,) * 20), units=tuple("_abcdef"), sos=6,
        eos=6, subsampling=4, context_frames=7, architecture=sizes("conformer", net.config),
    )  # fmt: skip
    recogniser = Recogniser(settings, {graph.name: Eager(graph) for graph in graphs(net)})
    wav = (0.1 * np.random.default_rng(0).standard_normal(20000)).astype(np.float32)
    features = torch.from_numpy(recogniser.features(wav))[None]
    expected = prefix_beam(net.classify(net.encoder(features, chunk=chunk))[0].numpy(), 10)
    going = recogniser.follow(10, chunk_s=chunk_s)
    for begin in range(0, len(wav), piece):
        going.feed(wav[begin : begin + piece])
        text, stable = going.so_far()
        assert stable <= len(text)
    found = going.finish()
    assert [one.units for one in found] == [one.units for one in expected]
    assert found[0].frames == expected[0].frames
    assert found[0].score == pytest.approx(expected[0].score, abs=1e-3)
