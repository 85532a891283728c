import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.fastspeech.config import FastSpeechConfig  # noqa: E402
from tingshuo.models.fastspeech.net import PLACE_FEATURES, FastSpeech  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    sizes = {"dim": 16, "heads": 2, "encoder_layers": 2, "encoder_hidden": 24, "decoder_dim": 12, "decoder_hidden": 20}
    return FastSpeech(FastSpeechConfig(phonemes=9, styles=2, speakers=1, mels=7, decoder_layers=2, **sizes)).eval()


@torch.inference_mode()
def test_padding_changes_nothing(net):
    ids = torch.randint(0, 9, (1, 8))
    valid = torch.ones(1, 8)
    valid[:, 6:] = 0
    hidden = net.encode(ids, ids % 6, ids % 3, valid)
    alone = net.encode(ids[:, :6], ids[:, :6] % 6, ids[:, :6] % 3)
    assert torch.allclose(hidden[:, :6], alone, atol=1e-5)
    style = net.style.weight[:1]
    durations = net.predict_duration(hidden, style, valid)
    assert torch.allclose(durations[:, :6], net.predict_duration(alone, style), atol=1e-5)
    frames, place = torch.randn(1, 8, 16), torch.randn(1, 8, PLACE_FEATURES)
    pitch = net.predict_pitch(frames, place, style, valid)
    assert torch.allclose(pitch[:, :6], net.predict_pitch(frames[:, :6], place[:, :6], style), atol=1e-5)


@torch.inference_mode()
def test_f0_is_ignored_where_unvoiced(net):
    frames, place, f0 = torch.randn(1, 6, 16), torch.randn(1, 6, PLACE_FEATURES), torch.randn(1, 6)
    speaker = net.speaker.weight[:1]
    silent = [net.decode(frames, place, shifted, torch.ones(1, 6), speaker) for shifted in (f0, f0 + 1)]
    voiced = [net.decode(frames, place, shifted, torch.zeros(1, 6), speaker) for shifted in (f0, f0 + 1)]
    assert torch.equal(*silent)
    assert not torch.equal(*voiced)
    assert silent[0].shape == (1, 7, 6)


@torch.inference_mode()
def test_rhythm_and_melody_follow_the_style(net):
    ids = torch.randint(0, 9, (1, 5))
    hidden = net.encode(ids, ids % 6, ids % 3)
    durations = [net.predict_duration(hidden, net.style.weight[row : row + 1]) for row in (0, 1)]
    assert not torch.allclose(*durations, atol=1e-4)
