import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.graphs import graphs, vocoder_context_frames  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_context_frames_are_enough_and_no_more():
    torch.manual_seed(0)
    net = SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=2)).eval()
    (graph,) = graphs(net)
    reach, total = vocoder_context_frames(net.config), 41
    mel, f0 = torch.randn(1, 100, total), torch.full((1, total), 200.0)
    changed = mel.clone()
    changed[..., 20] += 1
    touched = (graph.module(mel, f0)[0] != graph.module(changed, f0)[0]).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(20 - reach, 20 + reach + 1))
    assert graph.outputs == ("gain", "phase", "noise_gain")
