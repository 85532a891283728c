import math

import pytest

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_every_phoneme_has_a_mean_and_a_deviation(tiny_net):
    hidden, mean, log_deviation = tiny_net["one"].encoder(torch.arange(9)[None])
    assert hidden.shape == (1, 8, 9)
    assert mean.shape == log_deviation.shape == (1, 4, 9)
    both = tiny_net["one"].encoder.prior(hidden)
    assert torch.equal(both, torch.cat([mean, log_deviation], 1))


@torch.inference_mode()
def test_what_is_looked_up_is_scaled(tiny_net):
    encoder, seen = tiny_net["one"].encoder, []
    hook = encoder.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    encoder(torch.tensor([[3, 5]]))
    hook.remove()
    assert torch.allclose(seen[0][0].T, encoder.symbols.weight[[3, 5]] * math.sqrt(8))
