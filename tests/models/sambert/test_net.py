import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_parameters  # noqa: E402
from tingshuo.models.sambert.config import SambertConfig  # noqa: E402
from tingshuo.models.sambert.net import Sambert  # noqa: E402

pytestmark = pytest.mark.train
TINY = SambertConfig(tables=(9, 5), emotions=3, speakers=2, mels=6, embedding=12, encoder_dim=8, encoder_heads=2,
                     encoder_layers=1, encoder_hidden=12, text_dim=4, speaker_dim=3, emotion_dim=2, predictor_layers=1,
                     predictor_kernel=3, predictor_dim=6, predictor_hidden=7, predictor_lstm=5, duration_prenet=(4,),
                     duration_lstm=5, decoder_prenet=(6,), decoder_dim=8, decoder_heads=2, decoder_layers=1, decoder_hidden=12,
                     postnet_layers=2, postnet_kernel=5, postnet_shift=1, postnet_dim=7, postnet_hidden=8,
                     postnet_lstm=5)  # fmt: skip


def test_the_published_size():
    net = Sambert(SambertConfig(tables=(147, 10, 8, 8), emotions=36, speakers=4))
    assert count_parameters(net) == 12_297_155


@torch.inference_mode()
def test_a_speaker_is_a_row_or_a_vector():
    torch.manual_seed(0)
    net = Sambert(TINY)
    ids, row = torch.randint(0, 5, (1, 7, 2)), torch.ones(1, 7, dtype=torch.int64)
    symbols, pitch, energy = net(ids, row, row)
    assert (symbols.shape, pitch.shape, energy.shape) == ((1, 7, 9), (1, 7), (1, 7))
    assert torch.equal(symbols[0, :, 4:7], net.speaker.weight[1].expand(7, 3))
    assert torch.equal(symbols[0, :, 7:], net.emotion.weight[1].expand(7, 2))
    given = Sambert(TINY.replace(speakers=0))
    given.load_state_dict(net.state_dict(), strict=False)
    vector = net.speaker.weight[1].expand(1, 7, 3)
    assert given.speaker is None
    assert torch.equal(given(ids, row, vector)[0], symbols)


@torch.inference_mode()
def test_the_postnet_adds_to_the_frames_and_sees_its_context_and_the_past():
    torch.manual_seed(0)
    net = Sambert(TINY)
    mel, zeros = torch.randn(1, 30, 6), torch.zeros(1, 1, 5)
    around = net.look_around(mel)
    changed = mel.clone()
    changed[:, 15] += 1
    before, after = TINY.sizes.postnet_context_frames
    touched = (around != net.look_around(changed)).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(range(15 - after, 15 + before + 1))
    whole, *_ = net.finish(mel, around, zeros, zeros)
    first, *state = net.finish(mel[:, :11], around[:, :11], zeros, zeros)
    second, *_ = net.finish(mel[:, 11:], around[:, 11:], *state)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-6)
    net.postnet.out.weight.zero_()
    net.postnet.out.bias.zero_()
    assert torch.equal(net.finish(mel, around, zeros, zeros)[0], mel)
