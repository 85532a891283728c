import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = ConformerConfig(units=5, features=20, dim=8, layers=1, heads=2, hidden=12, decoder_layers=1, reverse_layers=2,
                         decoder_heads=2, decoder_hidden=12)  # fmt: skip


@torch.inference_mode()
def test_each_frame_is_some_unit():
    torch.manual_seed(0)
    net = Conformer(CONFIG).eval()
    features = torch.randn(2, 31, 20)
    log_probs = net(features, torch.tensor([31, 20]))
    assert log_probs.shape == (2, 7, 5)
    assert torch.allclose(log_probs.exp().sum(2), torch.ones(2, 7), atol=1e-5)
    assert torch.allclose(log_probs[:1], net.classify(net.encoder(features[:1])), atol=1e-5)


def test_decoders_are_there_where_they_have_blocks():
    both = Conformer(CONFIG)
    assert (len(both.decoder.blocks), len(both.reverse_decoder.blocks)) == (1, 2)
    neither = Conformer(CONFIG.replace(decoder_layers=0, reverse_layers=0))
    assert neither.decoder is None
    assert neither.reverse_decoder is None
    assert not [name for name in neither.state_dict() if "decoder" in name]


def test_every_weight_is_a_parameter():
    """Graphs bind weights by the names of parameters, so a buffer would be lost."""
    for norm in ("layer", "none"):
        assert not list(Conformer(CONFIG.replace(conv_norm=norm)).buffers())
