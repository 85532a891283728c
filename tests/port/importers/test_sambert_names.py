"""Each name of the original has one of ours."""

import re

import pytest

pytest.importorskip("torch")

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.port.importers.keys import Rule
from tingshuo.port.importers.sambert_names import acoustic_rules, vocoder_rules

pytestmark = pytest.mark.train


def ours(name: str, rules: list[Rule]) -> str:
    """Return what the first rule that fits makes of a name."""
    return next(found.expand(to) for pattern, to in rules if (found := re.fullmatch(pattern, name)))


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("text_encoder.ws_emb.weight", "encoder.tables.3.weight"),
        ("text_encoder.ling_enc.fft.7.slf_attn.fc.bias", "encoder.blocks.7.attention_out.bias"),
        ("text_encoder.ling_enc.fft.0.pos_ffn.layer_norm.weight", "encoder.blocks.0.inner_norm.weight"),
        ("variance_adaptor.energy_predictor.fsmn.ffn_lst.2.w_2.weight", "adaptor.energy.memory.2.outer.weight"),
        ("variance_adaptor.pitch_predictor.fsmn.memory_block_lst.1.conv_dw.weight", "adaptor.pitch.memory.1.taps.weight"),
        ("variance_adaptor.pitch_predictor.blstm.bias_hh_l0_reverse", "adaptor.pitch.lstm.bias_hh_l0_reverse"),
        ("variance_adaptor.duration_predictor.prenet.fcs.3.weight", "duration.prenet.layers.1.weight"),
        ("mel_decoder.mel_dec.prenet.fcs.6.bias", "decoder.prenet.out.bias"),
        ("mel_decoder.mel_dec.pnca.11.pnca_attn.w_h_kv.weight", "decoder.blocks.11.memory_key_value.weight"),
        ("mel_postnet.fsmn.memory_block_lst.3.conv_dw.weight", "postnet.memory.3.taps.weight"),
    ],
)
def test_names_of_the_acoustic_model(theirs: str, expected: str) -> None:
    assert ours(theirs, acoustic_rules(SambertConfig(tables=(147, 10, 8, 8), emotions=36, speakers=4))) == expected


def test_a_model_of_bytes_has_one_table() -> None:
    rules = acoustic_rules(SambertConfig(tables=(259,), emotions=36, speakers=4))
    assert ours("text_encoder.byte_index_emb.weight", rules) == "encoder.tables.0.weight"


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("conv_post.conv1d.weight", "conv_post.weight"),
        ("transpose_upsamples.3.1.deconv.weight", "stages.3.up.weight"),
        ("repeat_upsamples.0.2.conv1d.bias", "stages.0.repeat.bias"),
        ("conv_blocks.2.convs1.3.conv1d.weight", "stages.0.blocks.2.dilated.3.weight"),
        ("conv_blocks.11.convs2.0.conv1d.weight", "stages.3.blocks.2.plain.0.weight"),
        ("source_module.ffn.0.weight", "source.weight"),
        ("source_downs.1.conv1d.bias", "stages.1.source.bias"),
    ],
)
def test_names_of_the_vocoder(theirs: str, expected: str) -> None:
    assert ours(theirs, vocoder_rules(KanHiFiGanConfig())) == expected
