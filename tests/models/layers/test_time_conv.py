import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from tingshuo.models.layers.time_conv import convolve  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize(("width", "out", "kernel", "groups"), [(8, 12, 3, 1), (8, 8, 7, 8), (2, 6, 5, 1)])
def test_training_computes_what_a_plain_convolution_does_and_its_gradients(width, out, kernel, groups):
    torch.manual_seed(0)
    conv = nn.Conv1d(width, out, kernel, padding=kernel // 2, groups=groups)
    x = torch.randn(3, 11, width, requires_grad=True)
    weights = torch.randn(3, 11, out)
    wanted = conv(x.transpose(1, 2)).transpose(1, 2)
    learnt = convolve(conv, x)
    leaves = [x, conv.weight, conv.bias]
    assert torch.allclose(learnt, wanted, atol=1e-5)
    pairs = zip(*(torch.autograd.grad((y * weights).sum(), leaves) for y in (learnt, wanted)), strict=True)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in pairs)
    with torch.no_grad():
        assert torch.equal(convolve(conv, x), wanted)


def test_what_training_computes_lies_vector_by_vector_in_memory():
    conv = nn.Conv1d(8, 12, 3, padding=1)
    x = torch.randn(3, 11, 8, requires_grad=True)
    y = convolve(conv, x)
    assert y.is_contiguous()
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.is_contiguous()
