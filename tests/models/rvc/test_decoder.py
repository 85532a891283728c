import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.rvc.config import PRESETS  # noqa: E402
from tingshuo.models.rvc.decoder import Decoder  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_hop_of_samples_from_a_frame(name):
    config = PRESETS[name].replace(channels=32, latent=4, speaker_dim=3)
    excitation = torch.zeros(1, 3, config.hop_length)
    latent, speaker = torch.randn(1, 4, 3), torch.zeros(1, 3)
    assert Decoder(config).eval()(latent, speaker, excitation).shape == (1, 3 * config.hop_length)
    silent = Decoder(config.replace(pitched=False)).eval()
    assert silent(latent, speaker).shape == (1, 3 * config.hop_length)
    assert not [key for key in silent.state_dict() if "source" in key]


@torch.inference_mode()
def test_the_source_is_heard_at_its_place(tiny_rvc, tiny_net):
    config, decoder = tiny_rvc[True], tiny_net[True].decoder
    latent, speaker, excitation = torch.randn(1, 4, 21), torch.randn(1, 5), torch.zeros(1, 21, config.hop_length)
    changed = excitation.clone()
    changed[:, 10] = 1
    moved = (decoder(latent, speaker, excitation) - decoder(latent, speaker, changed)).abs().reshape(21, -1).amax(1)
    assert moved.argmax() == 10
    assert moved[0] == moved[-1] == 0
