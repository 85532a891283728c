import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.rvc.encoder import REACH  # noqa: E402

pytestmark = pytest.mark.train


def test_distances_reach_as_far_as_in_its_checkpoints(tiny_net):
    """The tables of a voice have a row for each of these distances, where those of the rest of the family have nine."""
    assert tiny_net[True].encoder.layers[0].attention.distance_keys.shape[1] == 2 * REACH + 1 == 21


@torch.inference_mode()
def test_a_voice_that_is_told_the_pitch_listens_to_it(tiny_net):
    content = torch.randn(1, 9, 6)
    low, high = (tiny_net[True].encoder(content, torch.full((1, 9), pitch))[0] for pitch in (40, 200))
    assert low.shape == (1, 4, 9)
    assert not torch.allclose(low, high)
    mean, log_deviation = tiny_net[False].encoder(content)
    assert mean.shape == log_deviation.shape == (1, 4, 9)
