import math

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.conformer.attention import CrossAttention, SelfAttention  # noqa: E402
from tingshuo.models.layers.transformer import sinusoids  # noqa: E402

pytestmark = pytest.mark.train


def attention(placed):
    torch.manual_seed(0)
    layer = SelfAttention(8, 2, placed).eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


@torch.inference_mode()
def test_one_product_is_the_two_of_contents_and_places():
    layer, x, places = attention(placed=True), torch.randn(1, 5, 8), sinusoids(torch.arange(5), 8)
    query, key, value = layer.query_key_value(x[0]).split(8, 1)
    heads = []
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        contents = (query[:, part] + layer.key_lean[head]) @ key[:, part].T
        by_place = (query[:, part] + layer.place_lean[head]) @ layer.place(places)[:, part].T
        heads.append(torch.softmax((contents + by_place) / math.sqrt(4), -1) @ value[:, part])
    mixed, memory = layer(x, places)
    assert torch.allclose(mixed[0], layer.out(torch.cat(heads, 1)), atol=1e-4)
    assert memory.shape == (1, 2, 5, 9)


@torch.inference_mode()
@pytest.mark.parametrize("placed", [True, False])
def test_frames_one_after_the_other_are_those_of_a_mask(placed):
    layer, x, places = attention(placed), torch.randn(1, 6, 8), sinusoids(torch.arange(6), 8)
    at = torch.arange(6)
    whole, memory = layer(x, places, at[:, None] // 2 >= at // 2)
    kept = None
    for begin in (0, 2, 4):
        some, kept = layer(x[:, begin : begin + 2], places[begin : begin + 2], past=kept)
        assert torch.allclose(some, whole[:, begin : begin + 2], atol=1e-5)
    assert torch.allclose(kept, memory, atol=1e-5)


@torch.inference_mode()
def test_a_frame_that_sees_nothing_is_still_a_number():
    layer, x = attention(placed=False), torch.randn(1, 3, 8)
    assert torch.isfinite(layer(x, seen=torch.zeros(3, 3, dtype=torch.bool))[0]).all()


@torch.inference_mode()
def test_all_texts_hear_the_same():
    torch.manual_seed(0)
    layer, x, heard = CrossAttention(8, 2), torch.randn(3, 4, 8), torch.randn(1, 5, 8)
    mixed = layer(x, heard)
    key, value = layer.key_value(heard[0]).split(8, 1)
    query = layer.query(x[1])
    parts = [torch.softmax(query[:, part] @ key[:, part].T / 2, -1) @ value[:, part] for part in (slice(0, 4), slice(4, 8))]
    assert torch.allclose(mixed[1], layer.out(torch.cat(parts, 1)), atol=1e-6)
