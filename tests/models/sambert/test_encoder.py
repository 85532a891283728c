import math

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.sambert.config import SambertConfig  # noqa: E402
from tingshuo.models.sambert.encoder import EncoderBlock, TextEncoder, attend, heads_apart, sentence_positions  # noqa: E402

pytestmark = pytest.mark.train


def test_positions_count_from_one_and_end_at_ten_thousand():
    codes = sentence_positions(torch.arange(3, dtype=torch.float64), 8)
    for place in (1, 2, 3):
        rates = [10000 ** (-j / 3) for j in range(4)]
        expected = [math.sin(place * rate) for rate in rates] + [math.cos(place * rate) for rate in rates]
        assert codes[place - 1].tolist() == pytest.approx(expected)


@torch.inference_mode()
def test_each_head_attends_by_itself():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 5, 6).unbind(0)
    seen = attend(*(heads_apart(x, 3) for x in (query, key, value)))
    for batch in range(2):
        for head in range(3):
            part = slice(2 * head, 2 * head + 2)
            weights = torch.softmax(query[batch, :, part] @ key[batch, :, part].T / math.sqrt(2), -1)
            assert torch.allclose(seen[batch, :, part], weights @ value[batch, :, part], atol=1e-6)


@torch.inference_mode()
def test_a_block_that_narrows_has_no_skip():
    torch.manual_seed(0)
    for dim_in, skips in ((12, False), (8, True)):
        block = EncoderBlock(dim_in, 8, 2, 16)
        for layer in (block.attention_out, block.outer):
            layer.weight.zero_()
            layer.bias.zero_()
        x = torch.randn(1, 5, dim_in)
        assert torch.equal(block(x), x if skips else torch.zeros(1, 5, 8))


@torch.inference_mode()
def test_the_sum_of_the_tables_is_scaled_by_the_width_of_the_blocks():
    torch.manual_seed(0)
    encoder = TextEncoder(SambertConfig(tables=(5, 4), emotions=1, speakers=1, embedding=12, encoder_dim=8, encoder_heads=2,
                                        encoder_hidden=16, encoder_layers=1, text_dim=3))  # fmt: skip
    ids = torch.tensor([[[1, 2], [4, 0]]])
    seen = []
    encoder.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    assert encoder(ids).shape == (1, 2, 3)
    summed = encoder.tables[0].weight[[1, 4]] + encoder.tables[1].weight[[2, 0]]
    positions = sentence_positions(torch.arange(2, dtype=torch.float64), 12)
    assert torch.allclose(seen[0][0], summed * math.sqrt(8) + positions.float(), atol=1e-6)
