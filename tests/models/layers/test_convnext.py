import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.convnext import ConvNeXtBlock  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_padding_does_not_leak_into_valid_frames():
    torch.manual_seed(0)
    block, x = ConvNeXtBlock(8, 16), torch.randn(1, 12, 8)
    valid = torch.ones(1, 12)
    valid[:, 9:] = 0
    alone = block(x[:, :9])
    assert torch.allclose(block(x, valid)[:, :9], alone, atol=1e-6)
    assert not torch.allclose(block(x)[:, :9], alone, atol=1e-6)


@torch.inference_mode()
def test_a_small_scale_starts_near_the_identity():
    torch.manual_seed(0)
    x = torch.randn(2, 10, 8)
    moved = [(ConvNeXtBlock(8, 16, scale)(x) - x).abs().mean() for scale in (1e-3, 1.0)]
    assert moved[0] < 0.01 * moved[1]


@torch.inference_mode()
def test_a_frame_sees_three_frames_either_side():
    block = ConvNeXtBlock(4, 8)
    x = torch.zeros(1, 15, 4)
    changed = x.clone()
    changed[0, 7] = 1
    touched = (block(x) != block(changed)).any(-1)[0].nonzero()[:, 0]
    assert touched.tolist() == list(range(4, 11))
