import pytest

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_the_steps_are_undone(tiny_net):
    """The flow takes away, last step first, what training added, first step first; each step knows half of the channels."""
    torch.manual_seed(0)
    flow, latent, speaker = tiny_net[True].flow, torch.randn(1, 4, 11), torch.randn(1, 5)
    x = latent[:, :, None]
    for coupling in flow.couplings:
        steering, steered = x.chunk(2, 1)
        added = coupling.leave(coupling.gated(coupling.enter(steering), speaker[:, :, None, None]))
        x = torch.cat([steering, steered + added], 1).flip(1)
    assert not torch.allclose(x[:, :, 0], latent, atol=0.01)
    assert torch.allclose(flow(x[:, :, 0], speaker), latent, atol=1e-6)


@torch.inference_mode()
def test_a_frame_depends_on_the_context_and_no_more(tiny_rvc, tiny_net):
    reach, net = tiny_rvc[True].flow_context_frames, tiny_net[True].double()
    latent, speaker = torch.randn(1, 4, 41, dtype=torch.float64), torch.randn(1, 5, dtype=torch.float64)
    changed = latent.clone()
    changed[..., 20] += 10
    moved = (net.flow(latent, speaker) != net.flow(changed, speaker))[0].any(0).nonzero()[:, 0].tolist()
    net.float()
    assert (moved[0], moved[-1]) == (20 - reach, 20 + reach)


@torch.inference_mode()
def test_the_speaker_is_heard(tiny_net):
    latent = torch.randn(1, 4, 7)
    first, second = (tiny_net[True].flow(latent, torch.full((1, 5), value)) for value in (0.0, 1.0))
    assert not torch.allclose(first, second, atol=1e-3)
