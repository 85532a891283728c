import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.coupling import CouplingFlow  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("speaker_dim", [0, 5])
def test_the_steps_are_undone(speaker_dim):
    """The flow takes away, last step first, what training added, first step first; each step knows half of the channels."""
    torch.manual_seed(0)
    flow = CouplingFlow(2, 4, 8, 2, 5, speaker_dim).eval()
    latent, speaker = torch.randn(1, 4, 11), torch.randn(1, 5) if speaker_dim else None
    given = None if speaker is None else speaker[:, :, None, None]
    x = latent[:, :, None]
    for coupling in flow.couplings:
        steering, steered = x.chunk(2, 1)
        x = torch.cat([steering, steered + coupling.leave(coupling.gated(coupling.enter(steering), given))], 1).flip(1)
    assert not torch.allclose(x[:, :, 0], latent, atol=0.01)
    assert torch.allclose(flow(x[:, :, 0], speaker), latent, atol=1e-6)


@torch.inference_mode()
def test_a_step_in_time_depends_on_its_reach_and_no_more():
    flow = CouplingFlow(2, 4, 8, 2, 5).double().eval()
    latent = torch.randn(1, 4, 41, dtype=torch.float64)
    changed = latent.clone()
    changed[..., 20] += 10
    moved = (flow(latent) != flow(changed))[0].any(0).nonzero()[:, 0].tolist()
    assert (moved[0], moved[-1]) == (20 - 2 * 2 * 2, 20 + 2 * 2 * 2)


@torch.inference_mode()
def test_the_speaker_is_heard():
    flow, latent = CouplingFlow(2, 4, 8, 2, 5, 5).eval(), torch.randn(1, 4, 7)
    first, second = (flow(latent, torch.full((1, 5), value)) for value in (0.0, 1.0))
    assert not torch.allclose(first, second, atol=1e-3)
