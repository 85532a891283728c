import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.keywords.config import KeywordsConfig  # noqa: E402
from tingshuo.models.keywords.net import KeywordsNet  # noqa: E402
from tingshuo.models.layers.cost import count_macs, count_parameters  # noqa: E402

pytestmark = pytest.mark.train
TINY = KeywordsConfig(rows=3, mels=6, frames=20, dim=8, kernels=(3, 5), wide=12)


def taught():
    """A net whose norms have seen something."""
    torch.manual_seed(0)
    net = KeywordsNet(TINY, learning=True, dropout=0.1)
    for _ in range(3):
        net(2 * torch.randn(5, 20, 6) + 1)
    return net


@torch.inference_mode()
def test_norms_are_folded_without_a_change():
    net = taught().eval()
    plain = net.folded()
    features = torch.randn(4, 20, 6)
    torch.testing.assert_close(plain(features), net(features), rtol=1e-4, atol=1e-5)
    assert not any("norm" in name for name in plain.state_dict())
    assert plain.state_dict().keys() == KeywordsNet(TINY).state_dict().keys()


@torch.inference_mode()
def test_the_level_of_a_band_does_not_matter():
    net = taught().eval()
    features = torch.randn(2, 20, 6)
    torch.testing.assert_close(net(features + torch.randn(1, 1, 6)), net(features), rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_where_a_sound_lies_in_time_does():
    net = taught().eval()
    features = torch.randn(1, 20, 6)
    assert not torch.allclose(net(features.flip(1)), net(features), atol=1e-4)


def test_every_parameter_learns():
    net = taught()
    net(torch.randn(5, 20, 6)).square().sum().backward()
    still = [name for name, one in net.named_parameters() if one.grad is None]
    assert not still


def test_the_usual_size_is_for_small_machines():
    net = KeywordsNet(KeywordsConfig(rows=21))
    assert count_parameters(net) < 100_000
    assert count_macs(net, torch.zeros(1, 160, 48)) < 7_000_000
