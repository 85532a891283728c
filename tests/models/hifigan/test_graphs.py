import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.hifigan.config import PRESETS  # noqa: E402
from tingshuo.models.hifigan.graphs import graphs, vocoder_context_frames  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("name", PRESETS)
def test_context_frames_are_enough_and_no_more(name):
    torch.manual_seed(0)
    config = PRESETS[name].replace(channels=16)
    net = HiFiGan(config).double().eval()
    (graph,) = graphs(net)
    reach, total = vocoder_context_frames(config), 41
    mel = torch.randn(1, 100, total, dtype=torch.float64)
    changed = mel.clone()
    changed[..., 20] += 1e6
    samples = (graph.module(mel) != graph.module(changed))[0].reshape(total, -1)
    touched = samples.any(1).nonzero()[:, 0].tolist()
    assert touched[0] >= 20 - reach
    assert touched[-1] <= 20 + reach
    assert touched[0] == 20 - reach or touched[-1] == 20 + reach
    assert graph.outputs == ("wav",)
