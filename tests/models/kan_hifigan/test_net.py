import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig  # noqa: E402
from tingshuo.models.kan_hifigan.net import Conv, KanHiFiGan, Stage, Up  # noqa: E402
from tingshuo.models.layers.cost import count_parameters  # noqa: E402

pytestmark = pytest.mark.train
TINY = KanHiFiGanConfig(mels=5, channels=16, block_kernels=(3, 5), block_dilations=((1, 3), (1, 3)))
NOISY = TINY.replace(causal=False, upsample_kernels=(20, 11, 4, 4), harmonics=3)


def test_the_published_size():
    assert count_parameters(KanHiFiGan(KanHiFiGanConfig())) == 4_857_809


@torch.inference_mode()
@pytest.mark.parametrize("config", [TINY, NOISY, TINY.replace(harmonics=3)])
def test_a_frame_is_a_hop_of_samples(config):
    torch.manual_seed(0)
    sines = torch.randn(2, 3, 4, 200) if config.harmonics else None
    wav = KanHiFiGan(config)(torch.randn(2, 5, 4), sines)
    assert wav.shape == (2, 800)
    assert wav.abs().max() <= 1


@torch.inference_mode()
def test_a_causal_convolution_sees_nothing_ahead_and_an_even_kernel_keeps_its_stride():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 12)
    changed = x.clone()
    changed[..., 6] += 1
    conv = Conv(2, 2, 3, causal=True, dilation=2)
    assert (conv(x) != conv(changed)).any(1)[0].nonzero()[:, 0].tolist() == [6, 8, 10]
    assert Conv(2, 2, 3, causal=False, dilation=2)(x).shape == x.shape
    for causal in (True, False):
        assert Conv(2, 2, 8, causal, stride=4, padding=2)(x).shape == (1, 2, 3)


REACHES = [(4, True, [6, 7, 8, 9]), (4, False, [5, 6, 7, 8]), (5, False, [5, 6, 7, 8, 9])]


@torch.inference_mode()
@pytest.mark.parametrize(("kernel", "causal", "reached"), REACHES)
def test_what_a_transposed_convolution_makes_too_much_is_cut_at_the_end(kernel, causal, reached):
    torch.manual_seed(0)
    up = Up(1, 1, kernel, 2, causal)
    x = torch.zeros(1, 1, 6)
    silent, x[..., 3] = up(x), 1
    made = up(x)
    assert made.shape == (1, 1, 12)
    assert (made != silent)[0, 0].nonzero()[:, 0].tolist() == reached


@torch.inference_mode()
def test_a_stage_adds_two_ways_up_and_the_source_and_averages_its_blocks():
    torch.manual_seed(0)
    stage = Stage(NOISY, 1)
    x, excitation = torch.randn(1, 8, 6), torch.randn(1, 1, 120)
    y = torch.nn.functional.leaky_relu(x + x.sin(), 0.1)
    up = stage.up(y) + stage.repeat(y.repeat_interleave(5, 2)) + stage.source(excitation)
    expected = sum(block(up) for block in stage.blocks) / 2
    assert torch.allclose(stage(x, excitation), expected, atol=1e-6)


@torch.inference_mode()
def test_the_last_slope_is_not_that_of_the_others():
    torch.manual_seed(0)
    net = KanHiFiGan(TINY)
    seen = []
    net.stages[-1].register_forward_hook(lambda *call: seen.append(call[-1]))
    net.conv_post.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(torch.randn(1, 5, 3))
    assert torch.equal(seen[1], torch.where(seen[0] < 0, 0.01 * seen[0], seen[0]))
