"""A tiny voice with random weights."""

import pytest


@pytest.fixture(scope="session")
def tiny_rvc():
    """Return config by whether it is told the pitch."""
    from tingshuo.models.rvc.config import RvcConfig

    sizes = {"content_dim": 6, "speakers": 3, "speaker_dim": 5, "latent": 4, "dim": 8, "heads": 2, "encoder_layers": 2}
    few = {"encoder_hidden": 12, "flow_steps": 2, "flow_layers": 2, "channels": 8, "sample_rate": 600}
    stages = {"upsample_rates": (3, 2), "upsample_kernels": (7, 4), "block_kernels": (3, 5), "block_dilations": ((1, 2), (1, 3))}
    return {pitched: RvcConfig(pitched=pitched, **sizes, **few, **stages) for pitched in (True, False)}


@pytest.fixture(scope="session")
def tiny_net(tiny_rvc):
    """Return nets of `tiny_rvc`."""
    torch = pytest.importorskip("torch")
    from tingshuo.models.rvc.net import Rvc

    torch.manual_seed(0)
    return {pitched: Rvc(config).eval() for pitched, config in tiny_rvc.items()}
