import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.dnn.config import DnnConfig  # noqa: E402
from tingshuo.models.dnn.net import Dnn  # noqa: E402

pytestmark = pytest.mark.train


def test_each_frame_is_judged_by_itself_and_every_weight_learns():
    torch.manual_seed(0)
    net = Dnn(DnnConfig(inputs=6, states=4, layers=3, dim=10))
    frames = torch.randn(5, 6)
    logits = net(frames)
    assert logits.shape == (5, 4)
    assert torch.allclose(net(frames[2:3]), logits[2:3], atol=1e-6)
    logits.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())


def test_features_are_dropped_only_while_it_learns():
    torch.manual_seed(0)
    net = Dnn(DnnConfig(inputs=6, states=4, layers=1, dim=50), dropout=0.4)
    frames = torch.randn(3, 6)
    assert not torch.equal(net.train()(frames), net(frames))
    assert torch.equal(net.eval()(frames), net(frames))
