import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.tdnn_lstm.config import TdnnLstmConfig  # noqa: E402
from tingshuo.models.tdnn_lstm.net import TdnnLstm  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = TdnnLstmConfig(units=5, features=6, dim=8, delays=((1,), (2,)))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return TdnnLstm(CONFIG).eval()


@torch.inference_mode()
def test_each_frame_has_probabilities_of_all_units(net):
    log_probs = net(torch.randn(2, 23, 6))
    assert log_probs.shape == (2, CONFIG.encoded_frames(23), 5)
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(2, 7), atol=1e-5)


@torch.inference_mode()
def test_what_lies_behind_an_utterance_changes_nothing(net):
    features = torch.randn(2, 40, 6)
    lengths = torch.tensor([40, 20])
    both, alone = net(features, lengths), net(features[1:, :20])
    assert torch.allclose(both[1, : CONFIG.encoded_frames(20)], alone[0], atol=1e-5)
    other = features.clone()
    other[1, 23:] = 9.0  # the last frame that still has a tap within the utterance ends before
    assert torch.allclose(net(other, lengths)[1, : CONFIG.encoded_frames(20)], alone[0], atol=1e-5)


@torch.inference_mode()
def test_it_looks_as_far_ahead_as_its_config_says_and_back_to_the_beginning(net):
    features = torch.randn(1, 62, 6)
    plain = net(features)
    later, earlier = features.clone(), features.clone()
    middle = 8
    first_unseen = (middle + CONFIG.ahead_frames) * CONFIG.subsampling + CONFIG.context_frames
    later[:, first_unseen:] += 1
    assert torch.allclose(net(later)[:, : middle + 1], plain[:, : middle + 1], atol=1e-5)
    later[:, first_unseen - 1] += 1
    assert not torch.allclose(net(later)[:, middle], plain[:, middle], atol=1e-6)
    earlier[:, 0] += 1
    assert not torch.allclose(net(earlier)[:, middle], plain[:, middle], atol=1e-7)


def test_every_weight_learns_and_blocks_can_be_looked_into(net):
    blocks = list(net.encoder.stages(torch.randn(1, 23, 6)))
    assert len(blocks) == CONFIG.layers + 1
    net.train()(torch.randn(3, 30, 6), torch.tensor([30, 25, 20])).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())
    with pytest.raises(AssertionError):
        net.encoder(torch.randn(1, 23, 6), chunk=4)
