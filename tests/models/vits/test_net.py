import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_parameters  # noqa: E402
from tingshuo.models.vits.config import PRESETS  # noqa: E402
from tingshuo.models.vits.net import Vits  # noqa: E402

pytestmark = pytest.mark.train


def test_sizes_are_stated():
    with torch.device("meta"):
        sizes = {name: count_parameters(Vits(config)) for name, config in PRESETS.items()}
    assert sizes == {"x_low": 5_019_515, "low": 15_650_459, "medium": 15_650_459, "high": 28_314_907}


@torch.inference_mode()
def test_a_sentence_lasts_as_its_phonemes_do(tiny_vits, tiny_net):
    net, ids, noise = tiny_net["one"], torch.arange(9)[None], torch.randn(1, 2, 9)
    frames, slow = net.frames(ids, noise), net.frames(ids, noise, 2.5)
    assert frames.shape == (9,)
    assert frames.min() >= 1
    assert slow.sum() > 2 * frames.sum()
    drawn = net(ids, noise, torch.randn(1, 4, 500))
    assert drawn.shape == (1, frames.sum() * tiny_vits["one"].hop_length)
    assert torch.equal(net(ids, None, None), net(ids, torch.zeros(1, 2, 9), torch.zeros(1, 4, 500)))


@torch.inference_mode()
def test_every_speaker_has_another_voice(tiny_net):
    net, ids = tiny_net["three"], torch.arange(9)[None]
    one, other = (net(ids, None, None, speaker_id=torch.tensor([speaker])) for speaker in (0, 2))
    assert one.shape != other.shape or not torch.allclose(one, other)
