import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vits.duration import StochasticDurations  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_noise_makes_the_durations(tiny_net):
    durations, hidden = tiny_net["one"].duration, torch.randn(1, 8, 7)
    still = durations(hidden, torch.zeros(1, 2, 7))
    assert still.shape == (1, 7)
    assert not torch.allclose(still, durations(hidden, torch.ones(1, 2, 7)), atol=0.01)


@torch.inference_mode()
def test_steps_alternate_between_the_two_channels(tiny_vits):
    """An even number of turns, the one after the step that is skipped included, brings the first channel to its place: with
    three trained steps and couplings that do nothing the result is the first draw."""
    durations = StochasticDurations(tiny_vits["one"].replace(duration_steps=3)).eval()
    for coupling in durations.couplings:
        coupling.forward = lambda z, given: z
    torch.nn.init.constant_(durations.shift, 0.5)
    torch.nn.init.constant_(durations.log_scale, 0.3)
    noise = torch.randn(1, 2, 7)
    expected = (noise[:, 0] - 0.5) * torch.exp(torch.tensor(-0.3))
    assert torch.allclose(durations(torch.randn(1, 8, 7), noise), expected, atol=1e-6)


@torch.inference_mode()
def test_a_step_bends_the_second_channel_by_the_first(tiny_net):
    coupling, given = tiny_net["one"].duration.couplings[0], torch.randn(1, 8, 5)
    z = torch.randn(1, 2, 5)
    bent = coupling(z, given)
    assert torch.equal(bent[:, 0], z[:, 0])
    assert not torch.allclose(bent[:, 1], z[:, 1], atol=1e-3)


@torch.inference_mode()
def test_predicted_durations_know_the_speaker(tiny_net):
    durations, hidden = tiny_net["three"].duration, torch.randn(1, 8, 7)
    one, other = (durations(hidden, torch.full((1, 5), value)) for value in (0.0, 1.0))
    assert one.shape == (1, 7)
    assert not torch.allclose(one, other, atol=1e-3)
