"""The net by itself; that it computes what the original computes is proved in ``tests/port/importers/test_emotivoice.py``."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.emotivoice.config import EmotiVoiceConfig  # noqa: E402
from tingshuo.models.emotivoice.net import EmotiVoice, durations, spread  # noqa: E402
from tingshuo.models.layers.cost import count_parameters  # noqa: E402

pytestmark = pytest.mark.train
TINY = EmotiVoiceConfig(
    tokens=9, speakers=3, latent=5, dim=16, prompt=6, encoder_layers=1, encoder_heads=2, decoder_layers=1, decoder_heads=2,
    variance_hidden=12, duration_layers=1, pitch_layers=2, embedding_kernel=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = EmotiVoice(TINY).eval()
    net.duration.out.bias.data.fill_(1.5)
    return net


def test_the_size_is_that_of_the_published_checkpoint_without_its_aligner():
    with torch.device("meta"):
        assert count_parameters(EmotiVoice(EmotiVoiceConfig())) == 38_067_157


def test_durations_round_halves_to_even_and_never_below_none():
    log_duration = torch.log(torch.tensor([[1.5, 2.5, 3.5, 0.2, 1.0]], dtype=torch.float64) + 0.0)
    assert durations(log_duration).tolist() == [[0, 2, 2, 0, 0]]
    assert durations(torch.full((1, 3), -4.0)).tolist() == [[1, 1, 1]]


def test_a_frame_is_a_point_and_every_token_takes_part():
    weights = spread(torch.tensor([[2, 0, 3]])).numpy()[0]
    assert weights.shape == (5, 3)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    bells = np.exp(-0.1 * (np.arange(5)[:, None] - np.array([1.0, 2.0, 3.5])) ** 2)
    np.testing.assert_allclose(weights, bells / bells.sum(1, keepdims=True), rtol=1e-5)


@torch.inference_mode()
def test_a_sentence_has_as_many_frames_as_its_tokens_last(net):
    tokens, speaker, prompt = torch.tensor([[1, 4, 4, 8, 1]]), torch.tensor([2]), torch.rand(1, 6)
    hidden = net.condition(net.encode(tokens), net.speaker(speaker), prompt, prompt)
    log_duration, pitch, energy = net.predict(hidden)
    frames = durations(log_duration)
    latent = net(tokens, speaker, prompt, prompt)
    assert latent.shape == (1, 5, int(frames.sum()))
    assert torch.equal(latent, net.decode(hidden, pitch, energy, spread(frames)))


@torch.inference_mode()
@pytest.mark.parametrize("changed", ["speaker", "style", "content"])
def test_speaker_and_both_prompts_are_heard(net, changed):
    given = {"speaker": torch.zeros(1, 16), "style": torch.zeros(1, 6), "content": torch.zeros(1, 6)}
    encoded = net.encode(torch.tensor([[1, 5, 1]]))
    before = net.condition(encoded, **given)
    after = net.condition(encoded, **given | {changed: torch.ones_like(given[changed])})
    assert (before - after).abs().amax() > 0.01


@torch.inference_mode()
def test_a_token_is_heard_differently_at_another_place(net):
    encoded = net.encode(torch.tensor([[4, 4, 4]]))
    assert (encoded[0, 0] - encoded[0, 1]).abs().amax() > 0.01
