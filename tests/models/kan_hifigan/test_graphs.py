import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig  # noqa: E402
from tingshuo.models.kan_hifigan.graphs import graphs, vocoder_context_frames  # noqa: E402
from tingshuo.models.kan_hifigan.net import KanHiFiGan  # noqa: E402

pytestmark = pytest.mark.train
CAUSAL = KanHiFiGanConfig(mels=3, channels=16, upsample_rates=(3, 2), upsample_kernels=(6, 4), block_kernels=(3, 5),
                          block_dilations=((1, 3), (1, 3)))  # fmt: skip
BOTH = CAUSAL.replace(causal=False, upsample_kernels=(6, 5))


@torch.inference_mode()
@pytest.mark.parametrize("config", [CAUSAL, BOTH, CAUSAL.replace(harmonics=2), BOTH.replace(harmonics=2)])
def test_context_frames_are_enough_and_no_more(config):
    torch.manual_seed(0)
    net = KanHiFiGan(config).double().eval()
    (graph,) = graphs(net)
    assert list(graph.inputs) == (["mel", "sines"] if config.harmonics else ["mel"])
    before, after = vocoder_context_frames(config)
    total, middle = 81, 40
    inputs = {"mel": torch.randn(1, 3, total, dtype=torch.float64), "sines": torch.randn(1, 2, total, 6, dtype=torch.float64)}
    inputs = {name: inputs[name] for name in graph.inputs}
    changed = {name: value.clone() for name, value in inputs.items()}
    for value in changed.values():
        value[:, :, middle] += 1e3
    samples = (graph.module(*inputs.values()) != graph.module(*changed.values()))[0].reshape(total, -1)
    touched = samples.any(1).nonzero()[:, 0].tolist()
    assert (touched[0], touched[-1]) == (middle - after, middle + before)
    assert after == 0 or not config.causal


def test_the_published_vocoders_reach_some_tens_of_frames():
    assert vocoder_context_frames(KanHiFiGanConfig()) == (35, 0)
    assert vocoder_context_frames(KanHiFiGanConfig(causal=False, upsample_kernels=(20, 11, 4, 4), harmonics=8)) == (18, 18)
