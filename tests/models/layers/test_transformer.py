import math

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.transformer import SelfAttention, TransformerBlock, sinusoids  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_attention_equals_torchs_own():
    torch.manual_seed(0)
    ours, theirs = SelfAttention(16, 4), torch.nn.MultiheadAttention(16, 4, batch_first=True)
    ours.query_key_value.weight.copy_(theirs.in_proj_weight)
    ours.query_key_value.bias.copy_(theirs.in_proj_bias.uniform_(-1, 1))
    ours.out.load_state_dict(theirs.out_proj.state_dict())
    x, valid = torch.randn(2, 9, 16), torch.ones(2, 9)
    valid[1, 6:] = 0
    expected = theirs(x, x, x, key_padding_mask=valid == 0, need_weights=False)[0]
    assert torch.allclose(ours(x, valid), expected, atol=1e-6)
    assert torch.allclose(ours(x)[0], expected[0], atol=1e-6)


@torch.inference_mode()
def test_padding_does_not_change_valid_tokens():
    torch.manual_seed(0)
    block, x = TransformerBlock(16, 32, 2).eval(), torch.randn(1, 10, 16)
    valid = torch.ones(1, 10)
    valid[:, 7:] = 0
    out = block(x, valid)
    assert torch.allclose(out[:, :7], block(x[:, :7]), atol=1e-5)
    assert not out[:, 7:].any()


def test_sinusoids_alternate_sines_and_cosines_of_falling_rates():
    table = sinusoids(torch.arange(4), 8)
    assert table.shape == (4, 8)
    assert torch.equal(table[0], torch.tensor([0.0, 1.0] * 4))
    assert table[3, 0] == pytest.approx(math.sin(3))
    assert table[3, 7] == pytest.approx(math.cos(3 / 10000 ** (6 / 8)))
