"""Attention against its definition: a loop over pairs of frames."""

import math

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.rvc.encoder import REACH, RelativeAttention, near_frames  # noqa: E402

pytestmark = pytest.mark.train


def by_definition(attention, x):
    """One sequence (dim, N), frame by frame and head by head."""
    dim, frames = x.shape
    size = dim // attention.heads
    query, key, value = (conv(x[None])[0] for conv in (attention.query, attention.key, attention.value))
    mixed = torch.zeros(dim, frames)
    for head in range(attention.heads):
        rows = slice(head * size, (head + 1) * size)
        for i in range(frames):
            scores, values = [], []
            for j in range(frames):
                near = abs(j - i) <= REACH
                key_there = key[rows, j] + (attention.distance_keys[0, j - i + REACH] if near else 0)
                values.append(value[rows, j] + (attention.distance_values[0, j - i + REACH] if near else 0))
                scores.append(query[rows, i] @ key_there / math.sqrt(size))
            weights = torch.softmax(torch.stack(scores), 0)
            mixed[rows, i] = weights @ torch.stack(values)
    return attention.out(mixed[None])[0]


@torch.inference_mode()
@pytest.mark.parametrize("frames", [1, 4, 2 * REACH + 5])
def test_attention_is_what_its_definition_says(frames):
    torch.manual_seed(0)
    attention = RelativeAttention(8, 2).eval()
    x = torch.randn(2, 8, frames)
    answer = attention(x, near_frames(x, 2))
    for row in range(2):
        assert torch.allclose(answer[row], by_definition(attention, x[row]), atol=2e-6)


@torch.inference_mode()
def test_a_voice_that_is_told_the_pitch_listens_to_it(tiny_net):
    content = torch.randn(1, 9, 6)
    low, high = (tiny_net[True].encoder(content, torch.full((1, 9), pitch))[0] for pitch in (40, 200))
    assert low.shape == (1, 4, 9)
    assert not torch.allclose(low, high)
    mean, log_deviation = tiny_net[False].encoder(content)
    assert mean.shape == log_deviation.shape == (1, 4, 9)
