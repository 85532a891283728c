"""Tiny voices with random weights."""

import pytest


@pytest.fixture(scope="session")
def tiny_vits():
    """Return config by name: one speaker with drawn durations, three speakers with predicted ones."""
    from tingshuo.models.vits.config import VitsConfig

    one = VitsConfig(
        sample_rate=600, symbols=9, latent=4, dim=8, encoder_layers=1, encoder_hidden=12, duration_dim=8, duration_layers=1,
        duration_steps=1, flow_steps=1, flow_layers=2, channels=8, upsample_rates=(3, 2), upsample_kernels=(7, 4),
        block_kernels=(3, 5), block_dilations=((1, 2), (2, 3)),
    )  # fmt: skip
    return {"one": one, "three": one.replace(speakers=3, speaker_dim=5, stochastic=False, block_kind=1)}


@pytest.fixture(scope="session")
def tiny_net(tiny_vits):
    """Return nets of `tiny_vits`, whose phonemes last some frames each."""
    torch = pytest.importorskip("torch")
    from tingshuo.models.vits.net import Vits

    torch.manual_seed(0)
    nets = {name: Vits(config).eval() for name, config in tiny_vits.items()}
    torch.nn.init.constant_(nets["one"].duration.shift, -1.2)
    torch.nn.init.constant_(nets["three"].duration.leave.bias, 1.2)
    return nets
