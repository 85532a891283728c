import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vits.config import PRESETS  # noqa: E402
from tingshuo.models.vits.decoder import Decoder  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("name", ["medium", "high"])
@pytest.mark.parametrize("frames", [1, 3])
def test_a_frame_makes_a_hop_of_samples(name, frames):
    config = PRESETS[name].replace(channels=32, latent=4)
    assert Decoder(config).eval()(torch.randn(1, 4, frames)).shape == (1, frames * config.hop_length)


@torch.inference_mode()
@pytest.mark.parametrize("name", ["medium", "high"])
def test_context_frames_are_enough_and_no_more(name):
    config = PRESETS[name].replace(channels=32, latent=2)
    net, total, middle = Decoder(config).double().eval(), 35, 17
    latent = torch.randn(1, 2, total, dtype=torch.float64)
    latent[..., middle] = torch.nan  # numbers would fade away before the end of the reach
    touched = net(latent).isnan()[0].reshape(total, -1).any(1).nonzero()[:, 0].tolist()
    assert config.decoder_context_frames == max(middle - touched[0], touched[-1] - middle)


@torch.inference_mode()
def test_the_speaker_is_heard(tiny_net):
    latent = torch.randn(1, 4, 5)
    one, other = (tiny_net["three"].decoder(latent, torch.full((1, 5), value)) for value in (0.0, 1.0))
    assert not torch.allclose(one, other, atol=1e-4)
