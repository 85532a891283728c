import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.predictor import Predictor  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_padding_does_not_leak_into_valid_steps():
    torch.manual_seed(0)
    net, x = Predictor(8, 6, 3, 5, 2).eval(), torch.randn(1, 14, 8)
    valid = torch.ones(1, 14)
    valid[:, 10:] = 0
    assert torch.allclose(net(x, valid)[:, :10], net(x[:, :10]), atol=1e-6)


@torch.inference_mode()
def test_shape_and_reach():
    net = Predictor(8, 8, 2, 3, 5).eval()
    x = torch.zeros(1, 11, 8)
    changed = x.clone()
    changed[0, 5, 3] = 1
    out = net(x)
    assert out.shape == (1, 11, 5)
    assert (out != net(changed)).any(-1)[0].nonzero()[:, 0].tolist() == [3, 4, 5, 6, 7]
