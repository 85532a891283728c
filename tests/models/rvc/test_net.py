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
