import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vocos.config import VocosConfig  # noqa: E402
from tingshuo.models.vocos.graphs import graphs, vocoder_context_frames  # noqa: E402
from tingshuo.models.vocos.net import Vocos  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_context_frames_are_enough_and_no_more():
    torch.manual_seed(0)
    net = Vocos(VocosConfig(dim=16, hidden=24, layers=2)).eval()
    (graph,) = graphs(net)
    reach = vocoder_context_frames(net.config)
    mel = torch.randn(1, 100, 41)
    changed = mel.clone()
    changed[..., 20] += 1
    touched = (graph.module(mel)[1] != graph.module(changed)[1]).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(20 - reach, 20 + reach + 1))
    assert graph.outputs == ("log_magnitude", "phase")
