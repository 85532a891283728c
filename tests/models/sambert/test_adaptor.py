import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.sambert.adaptor import Adaptor, ContourPredictor, DurationPredictor, Prenet  # noqa: E402
from tingshuo.models.sambert.config import SambertConfig  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = SambertConfig(tables=(5,), emotions=2, speakers=2, text_dim=4, speaker_dim=3, emotion_dim=2, predictor_layers=2,
                       predictor_kernel=3, predictor_dim=6, predictor_hidden=7, predictor_lstm=5, duration_prenet=(4, 3),
                       duration_lstm=5)  # fmt: skip


@torch.inference_mode()
def test_a_prenet_ends_without_an_activation_where_it_has_a_last_layer():
    torch.manual_seed(0)
    x = torch.randn(50, 2)
    assert (Prenet(2, (4, 3))(x) >= 0).all()
    last = Prenet(2, (4, 3), 5)(x)
    assert last.shape == (50, 5)
    assert (last < 0).any()


@torch.inference_mode()
def test_a_contour_has_a_number_per_symbol_and_sees_both_sides():
    torch.manual_seed(0)
    net = ContourPredictor(CONFIG)
    x = torch.randn(1, 9, 9)
    changed = x.clone()
    changed[:, 4] += 1
    assert net(x).shape == (1, 9)
    assert (net(x) != net(changed)).all()


@torch.inference_mode()
def test_durations_one_by_one_are_those_of_all_at_once():
    torch.manual_seed(0)
    net = DurationPredictor(CONFIG)
    last, symbols, zeros = torch.rand(1, 6, 1), torch.randn(1, 6, 9), torch.zeros(2, 1, 5)
    whole, _, _ = net(last, symbols, zeros, zeros)
    state = (zeros, zeros)
    for n in range(6):
        one, *state = net(last[:, n : n + 1], symbols[:, n : n + 1], *state)
        assert torch.allclose(one[:, 0], whole[:, n], atol=1e-6)
    assert (whole >= 0).all()


@torch.inference_mode()
def test_pitch_and_energy_are_added_to_the_text_alone_and_predicted_without_themselves():
    torch.manual_seed(0)
    net = Adaptor(CONFIG)
    text, speaker, emotion = torch.randn(1, 7, 4), torch.randn(1, 7, 3), torch.randn(1, 7, 2)
    symbols, pitch, energy = net(text, speaker, emotion)
    assert torch.equal(symbols[..., 4:], torch.cat([speaker, emotion], -1))
    assert torch.equal(pitch, net.pitch(torch.cat([text, speaker, emotion], -1)))
    added = net.pitch_embedding(pitch[:, None]) + net.energy_embedding(energy[:, None])
    assert torch.allclose(symbols[..., :4], text + added.transpose(1, 2))
