"""Attention against its definition: a loop over pairs of steps."""

import math

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.relative_attention import RelativeAttention, RelativeLayer, near_steps  # noqa: E402

pytestmark = pytest.mark.train


def by_definition(attention, x, reach):
    """One sequence (dim, N), step by step and head by head."""
    dim, steps = x.shape
    size = dim // attention.heads
    query, key, value = (conv(x[None])[0] for conv in (attention.query, attention.key, attention.value))
    mixed = torch.zeros(dim, steps)
    for head in range(attention.heads):
        rows = slice(head * size, (head + 1) * size)
        for i in range(steps):
            scores, values = [], []
            for j in range(steps):
                near = abs(j - i) <= reach
                key_there = key[rows, j] + (attention.distance_keys[0, j - i + reach] if near else 0)
                values.append(value[rows, j] + (attention.distance_values[0, j - i + reach] if near else 0))
                scores.append(query[rows, i] @ key_there / math.sqrt(size))
            mixed[rows, i] = torch.softmax(torch.stack(scores), 0) @ torch.stack(values)
    return attention.out(mixed[None])[0]


@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 3, 11])
def test_attention_is_what_its_definition_says(steps):
    torch.manual_seed(0)
    attention = RelativeAttention(8, 2, 3).eval()
    x = torch.randn(2, 8, steps)
    answer = attention(x, near_steps(x, 2, 3))
    for row in range(2):
        assert torch.allclose(answer[row], by_definition(attention, x[row], 3), atol=2e-6)


@torch.inference_mode()
def test_a_layer_ends_normalised():
    layer = RelativeLayer(8, 12, 2, 3, 3).eval()
    x = torch.randn(1, 8, 6) * 5
    y = layer(x, near_steps(x, 2, 3))
    assert y.shape == x.shape
    assert torch.allclose(y.mean(1), torch.zeros(1, 6), atol=1e-6)
    assert torch.allclose(y.std(1, correction=0), torch.ones(1, 6), atol=1e-3)
