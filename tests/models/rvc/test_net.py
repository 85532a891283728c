import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_parameters  # noqa: E402
from tingshuo.models.rvc.config import PRESETS  # noqa: E402
from tingshuo.models.rvc.net import Rvc  # noqa: E402

pytestmark = pytest.mark.train


def test_sizes_are_stated():
    with torch.device("meta"):
        assert count_parameters(Rvc(PRESETS["40k v2"])) == 27_514_690
        assert count_parameters(Rvc(PRESETS["40k v2"].replace(pitched=False))) == 27_443_264


@torch.inference_mode()
@pytest.mark.parametrize("pitched", [True, False])
def test_every_speaker_has_another_voice(tiny_rvc, tiny_net, pitched):
    torch.manual_seed(0)
    config, frames = tiny_rvc[pitched], 7
    inputs = {"content": torch.randn(2, frames, 6), "noise": torch.randn(2, 4, frames)}
    if pitched:
        inputs["pitch"], inputs["f0"] = torch.full((2, frames), 90), torch.full((2, frames), 200.0)
        inputs["source_noise"] = torch.zeros(2, frames, config.hop_length)
    one, other = (tiny_net[pitched](speaker_id=torch.full((2,), speaker), **inputs) for speaker in (0, 2))
    assert one.shape == (2, frames * config.hop_length)
    assert not torch.allclose(one, other)


@torch.inference_mode()
def test_a_frame_depends_on_the_context_of_the_flow_and_no_more(tiny_rvc, tiny_net):
    reach, net = tiny_rvc[True].flow_context_frames, tiny_net[True].double()
    latent, speaker = torch.randn(1, 4, 41, dtype=torch.float64), torch.randn(1, 5, dtype=torch.float64)
    changed = latent.clone()
    changed[..., 20] += 10
    moved = (net.flow(latent, speaker) != net.flow(changed, speaker))[0].any(0).nonzero()[:, 0].tolist()
    net.float()
    assert (moved[0], moved[-1]) == (20 - reach, 20 + reach)
