import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vocos.codes import CodeVocos  # noqa: E402
from tingshuo.models.vocos.config import CodeVocosConfig, VocosConfig  # noqa: E402
from tingshuo.models.vocos.graphs import code_graphs, graphs, vocoder_context_frames  # noqa: E402
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


@torch.inference_mode()
def test_context_of_codes_is_the_same():
    torch.manual_seed(0)
    net = CodeVocos(CodeVocosConfig(codebooks=2, codebook_size=5, code_dim=6, dim=8, hidden=12, layers=2)).eval()
    (graph,) = code_graphs(net)
    assert graph.free == {"codes": {1: "Q", 2: "F"}}
    reach = vocoder_context_frames(net.config)
    codes = torch.zeros(1, 2, 41, dtype=torch.int64)
    changed = codes.clone()
    changed[0, 1, 20] = 3
    row = torch.zeros(1, dtype=torch.int64)
    touched = (graph.module(codes, row)[1] != graph.module(changed, row)[1]).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(20 - reach, 20 + reach + 1))
