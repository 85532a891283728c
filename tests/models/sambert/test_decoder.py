import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.sambert.config import SambertConfig  # noqa: E402
from tingshuo.models.sambert.decoder import Decoder, DecoderBlock  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = SambertConfig(tables=(5,), emotions=2, speakers=2, mels=4, text_dim=3, speaker_dim=2, emotion_dim=2,
                       decoder_prenet=(6,), decoder_dim=8, decoder_heads=2, decoder_layers=2, decoder_hidden=16,
                       frames_per_step=3)  # fmt: skip


def dense_block(block, x, memory, band):
    """Compute all steps of a block at once, with masks, as training would."""
    query, key, value = block.query_key_value(block.attention_norm(x)).chunk(3, -1)
    memory_key, memory_value = block.memory_key_value(memory).chunk(2, -1)
    steps = torch.arange(len(x))
    back = steps[:, None] - steps

    def see(key, value, allowed):
        parts = []
        for head in range(block.heads):
            part = slice(head * 4, head * 4 + 4)
            scores = (query[:, part] @ key[:, part].T / 2).masked_fill(~allowed, float("-inf"))
            parts.append(torch.softmax(scores, -1) @ value[:, part])
        return torch.cat(parts, -1)

    past = block.past_out(see(key, value, (back >= 0) & (back <= band)))
    ahead = block.memory_out(see(memory_key, memory_value, (back <= 0) & (back >= -band)))
    x = x + past + ahead
    return x + block.outer(torch.relu(block.inner(block.inner_norm(x))))


@torch.inference_mode()
@pytest.mark.parametrize("band", [0, 1, 3, 20])
def test_steps_with_a_bounded_state_are_those_of_masks_over_all_steps(band):
    torch.manual_seed(0)
    net = Decoder(CONFIG)
    text, frames = torch.randn(9, CONFIG.memory_dim), torch.randn(9, 4)
    x = net.join(torch.cat([text, net.prenet(frames)], -1)) * 8**0.5
    for block in net.blocks:
        x = dense_block(block, x, text, band)
    expected = net.out(net.norm(x)).reshape(9, 3, 4)
    memory, past = net.remember(text), torch.zeros(2, 2, 0, 8)
    for step in range(9):
        made, new = net(frames[step : step + 1], text[step : step + 1], past, memory[:, :, step : step + band + 1])
        assert torch.allclose(made, expected[step], atol=1e-5), step
        past = torch.cat([past, new], 2)[:, :, -band:] if band else past


@torch.inference_mode()
def test_a_blocks_memory_is_what_remembers_it():
    torch.manual_seed(0)
    net, text = Decoder(CONFIG), torch.randn(5, CONFIG.memory_dim)
    block = net.blocks[1]
    assert isinstance(block, DecoderBlock)
    assert torch.equal(net.remember(text)[1], torch.stack(block.memory_key_value(text).split(8, -1)))
