"""Sizes, names and training; that it computes what the public one does is a test of its importer."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_macs, count_parameters  # noqa: E402
from tingshuo.models.vocos.config import SMALL, VocosConfig  # noqa: E402
from tingshuo.models.vocos.net import Vocos  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Vocos(VocosConfig(dim=16, hidden=24, layers=2))


def test_parameters_are_named_as_in_the_public_checkpoint(net):
    block = ["dwconv.weight", "dwconv.bias", "norm.weight", "norm.bias", "pwconv1.weight", "pwconv1.bias", "pwconv2.weight",
             "pwconv2.bias", "gamma"]  # fmt: skip
    ends = ["embed.weight", "embed.bias", "norm.weight", "norm.bias", "final_layer_norm.weight", "final_layer_norm.bias"]
    expected = {f"backbone.{name}" for name in ends} | {f"backbone.convnext.{i}.{name}" for i in range(2) for name in block}
    assert net.state_dict().keys() == expected | {"head.out.weight", "head.out.bias"}


def test_sizes_are_stated():
    for config, parameters, gmacs in ((VocosConfig(), 13_531_650, 1.27), (SMALL, 2_826_498, 0.26)):
        model = Vocos(config)
        assert count_parameters(model) == parameters
        assert count_macs(model, torch.zeros(1, 100, 94)) * 93.75 / 94 / 1e9 == pytest.approx(gmacs, abs=0.01)


def test_every_parameter_learns(net):
    net.zero_grad()
    net.synthesize(torch.randn(2, 100, 12)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@torch.inference_mode()
def test_wave_has_a_hop_per_frame_and_magnitudes_a_ceiling(net):
    wav = net.synthesize(torch.zeros(2, 100, 11))
    assert wav.shape == (2, 2560)
    loud = Vocos(net.config)
    loud.head.out.bias[:513] = 50
    assert loud.synthesize(torch.zeros(1, 100, 11)).isfinite().all()
