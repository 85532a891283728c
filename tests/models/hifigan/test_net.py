"""Sizes, names and training; that it computes what the published one does is a test of its importer."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.hifigan.config import LIGHT, PRESETS, V2, V3, HiFiGanConfig  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan, add_weight_norm, without_weight_norm  # noqa: E402
from tingshuo.models.layers.cost import count_macs, count_parameters  # noqa: E402

pytestmark = pytest.mark.train
TINY = LIGHT.replace(channels=16)


@pytest.mark.parametrize(
    ("name", "parameters", "gmacs"),
    [("v1", 13_997_697, 28.79), ("v2", 943_905, 1.81), ("v3", 1_498_113, 2.11), ("light", 253_153, 0.30)],
)
def test_sizes_are_stated(name, parameters, gmacs):
    net = HiFiGan(PRESETS[name])
    assert count_parameters(net) == parameters
    frames = 4 if name == "v1" else 24
    assert count_macs(net, torch.zeros(1, 100, frames)) * 93.75 / frames / 1e9 == pytest.approx(gmacs, rel=0.01)


@pytest.mark.parametrize("config", [TINY, V2.replace(channels=16)])
def test_every_parameter_learns_with_and_without_weight_norm(config):
    torch.manual_seed(0)
    for net in (HiFiGan(config), add_weight_norm(HiFiGan(config))):
        (net.synthesize(torch.randn(2, 100, 8)) - 0.1).square().sum().backward()
        for name, parameter in net.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@torch.inference_mode()
def test_weight_norm_changes_names_but_not_the_wave():
    torch.manual_seed(0)
    net = HiFiGan(TINY).eval()
    mel = torch.randn(1, 100, 9)
    before, names = net(mel), net.state_dict().keys()
    normed = add_weight_norm(net)
    assert torch.allclose(normed(mel), before, atol=1e-6)
    assert any("parametrizations" in name for name in normed.state_dict())
    plain = without_weight_norm(normed)
    assert plain.state_dict().keys() == names
    assert torch.allclose(plain(mel), before, atol=1e-6)
    assert any("parametrizations" in name for name in normed.state_dict()), "the net itself is left as it is"


@torch.inference_mode()
def test_wave_has_a_hop_per_frame():
    net = HiFiGan(TINY)
    mel = torch.zeros(2, 100, 11)
    assert net(mel).shape == (2, 2816)
    wav = net.synthesize(mel)
    assert wav.shape == (2, 2560)
    assert torch.equal(wav, net(mel)[:, 128:-128])


@torch.inference_mode()
def test_an_odd_surplus_of_a_kernel_belongs_to_no_frame():
    net = HiFiGan(TINY.replace(upsample_rates=(5, 4, 4), upsample_kernels=(10, 8, 8)))
    assert net(torch.zeros(1, 100, 7)).shape == (1, 7 * 80)
    assert net.synthesize(torch.zeros(1, 100, 7)).shape == (1, 6 * 80)


def test_other_block_kinds_are_refused():
    with pytest.raises(KeyError):
        HiFiGan(HiFiGanConfig(block=3))


def test_v3_has_one_convolution_per_dilation():
    names = HiFiGan(V3.replace(channels=16)).state_dict().keys()
    assert {"resblocks.0.convs.0.weight", "conv_pre.weight", "ups.2.bias", "conv_post.weight"} <= names
