"""Settings become our configs; kinds of nets that we do not have are named."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tingshuo.config.fbank import FbankConfig
from tingshuo.errors import PortError
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.port.importers.wenet_settings import (
    Marks,
    check_kind,
    fbank_config,
    marks,
    net_config,
    reverse_weight,
    wants_cmvn,
)

pytestmark = pytest.mark.train
SOURCE = Path("v/train.yaml")
SHAPES = {"ctc.ctc_lo.weight": (4233, 256), "encoder.encoders.0.self_attn.linear_pos.weight": (256, 256)}
ABSOLUTE = {"ctc.ctc_lo.weight": (4233, 256)}
ENCODER: dict[str, Any] = {
    "output_size": 256, "attention_heads": 4, "linear_units": 2048, "num_blocks": 12, "dropout_rate": 0.1,
    "positional_dropout_rate": 0.1, "attention_dropout_rate": 0.1, "input_layer": "conv2d", "normalize_before": True,
    "cnn_module_kernel": 8, "use_cnn_module": True, "activation_type": "swish", "pos_enc_layer_type": "rel_pos",
    "selfattention_layer_type": "rel_selfattn", "causal": True, "use_dynamic_chunk": True, "cnn_module_norm": "layer_norm",
    "use_dynamic_left_chunk": False,
}  # fmt: skip
DECODER: dict[str, Any] = {
    "attention_heads": 4, "linear_units": 2048, "num_blocks": 3, "r_num_blocks": 3, "dropout_rate": 0.1,
    "positional_dropout_rate": 0.1, "self_attention_dropout_rate": 0.1, "src_attention_dropout_rate": 0.1,
}  # fmt: skip
U2PP: dict[str, Any] = {
    "encoder": "conformer", "encoder_conf": ENCODER, "decoder": "bitransformer", "decoder_conf": DECODER, "tokenizer": "char",
    "tokenizer_conf": {"special_tokens": {"<blank>": 0, "<sos>": 2, "<eos>": 2}}, "ctc": "ctc", "ctc_conf": {"ctc_blank_id": 0},
    "cmvn": "global_cmvn", "model": "asr_model", "model_conf": {"ctc_weight": 0.3, "reverse_weight": 0.3},
    "dataset_conf": {"fbank_conf": {"num_mel_bins": 80, "frame_shift": 10, "frame_length": 25, "dither": 1.0},
                     "resample_conf": {"resample_rate": 16000}},
    "input_dim": 80, "output_dim": 4233,
}  # fmt: skip
OLD: dict[str, Any] = {
    "encoder": "transformer", "decoder": "transformer", "cmvn_file": "data/train/global_cmvn", "is_json_cmvn": True,
    "encoder_conf": {"output_size": 256, "attention_heads": 4, "linear_units": 2048, "num_blocks": 12, "input_layer": "conv2d",
                     "normalize_before": True, "concat_after": False},
    "decoder_conf": {"attention_heads": 4, "linear_units": 2048, "num_blocks": 6},
    "collate_conf": {"feature_extraction_conf": {"feature_type": "fbank", "mel_bins": 80, "frame_shift": 10,
                                                 "frame_length": 25, "using_pitch": False}},
    "model_conf": {"ctc_weight": 0.3, "lsm_weight": 0.1, "length_normalized_loss": False}, "input_dim": 80, "output_dim": 4233,
}  # fmt: skip


def changed(section: str | None, change: dict[str, Any]) -> dict[str, Any]:
    return U2PP | (change if section is None else {section: U2PP[section] | change})


def test_the_published_settings_are_our_defaults() -> None:
    check_kind(SOURCE, U2PP)
    assert net_config(SOURCE, U2PP, SHAPES) == ConformerConfig(units=4233, dynamic_chunk=True)
    assert fbank_config(SOURCE, U2PP) == FbankConfig(), "noise is of training"
    assert marks(SOURCE, U2PP, 4233) == Marks(0, 2, 2)
    assert (reverse_weight(U2PP), wants_cmvn(U2PP)) == (0.3, True)


def test_settings_of_old_models() -> None:
    check_kind(SOURCE, OLD)
    config = net_config(SOURCE, OLD, ABSOLUTE)
    expected = ConformerConfig(units=4233, kernel=0, macaron=False, positions="absolute", activation="relu", causal=False,
                               conv_norm="none", decoder_layers=6, reverse_layers=0)  # fmt: skip
    assert config == expected
    assert fbank_config(SOURCE, OLD) == FbankConfig()
    assert marks(SOURCE, OLD, 4233) == Marks(0, 4232, 4232)
    assert (reverse_weight(OLD), wants_cmvn(OLD), wants_cmvn({})) == (0.0, True, False)


@pytest.mark.parametrize(
    ("section", "change", "expected"),
    [
        ("encoder_conf", {"input_layer": "conv2d6"}, {"subsampling": 6}),
        ("encoder_conf", {"cnn_module_norm": "batch_norm", "causal": False, "cnn_module_kernel": 15},
         {"conv_norm": "none", "causal": False, "kernel": 15}),
        ("encoder_conf", {"use_cnn_module": False, "macaron_style": False}, {"kernel": 0, "macaron": False}),
        ("encoder_conf", {"use_dynamic_chunk": False, "static_chunk_size": 16}, {"static_chunk": 16, "dynamic_chunk": False}),
        ("encoder_conf", {"norm_eps": 1e-6, "conv_norm_eps": 1e-3, "use_sdpa": True}, {"eps": 1e-6, "conv_eps": 1e-3}),
        ("decoder_conf", {"normalize_before": False, "activation_type": "gelu", "tie_word_embedding": True},
         {"decoder_norm_first": False, "decoder_activation": "gelu"}),
        (None, {"decoder": "transformer"}, {"reverse_layers": 0}),
        (None, {"decoder": None, "decoder_conf": None}, {"decoder_layers": 0, "reverse_layers": 0}),
    ],
)  # fmt: skip
def test_variants(section: str | None, change: dict[str, Any], expected: dict[str, Any]) -> None:
    settings = changed(section, change)
    check_kind(SOURCE, settings)
    assert net_config(SOURCE, settings, SHAPES) == ConformerConfig(units=4233, dynamic_chunk=True).replace(**expected)


def test_other_features() -> None:
    settings = changed("dataset_conf", {"resample_conf": {"resample_rate": 8000}}) | {"input_dim": 40}
    assert fbank_config(SOURCE, settings) == FbankConfig(sample_rate=8000, n_mels=40)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "whisper"}, "has the model 'whisper', which is not supported; 'asr_model' can be read"),
        ({"model": "paraformer"}, "has the model 'paraformer'"),
        ({"model": "k2_model"}, "has the model 'k2_model'"),
        (
            {"encoder": "squeezeformer"},
            "has the encoder 'squeezeformer', which is not supported; 'conformer' and 'transformer' can be read",
        ),
        ({"encoder": "e_branchformer"}, "has the encoder 'e_branchformer'"),
        ({"encoder": "efficientConformer"}, "has the encoder 'efficientConformer'"),
        ({"decoder": "sanm_decoder"}, "has the decoder 'sanm_decoder'"),
        ({"tokenizer": "whisper"}, "has the tokenizer 'whisper'"),
        ({"model_conf": {"apply_non_blank_embedding": True}}, "apply_non_blank_embedding"),
        ({"use_lora": True, "lora_conf": {}}, "LoRA"),
        ({"encoder_conf": None}, "has no encoder_conf; it is not the file that training with WeNet wrote"),
    ],
)
def test_other_kinds_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PortError, match=message):
        check_kind(SOURCE, U2PP | change)


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("encoder_conf", {"input_layer": "dwconv2d4"}, "the input_layer 'dwconv2d4', which is not supported; conv2d, conv2d6"),
        ("encoder_conf", {"cnn_module_norm": "rms_norm"}, "the cnn_module_norm 'rms_norm'"),
        ("encoder_conf", {"mlp_type": "moe"}, "encoder_conf has mlp_type 'moe', which is not supported"),
        ("encoder_conf", {"key_bias": False}, "encoder_conf has key_bias False, which is not supported; only True is"),
        ("encoder_conf", {"efficient_conf": {}}, "encoder_conf has efficient_conf, which is not known"),
        ("encoder_conf", {"pos_enc_layer_type": "abs_pos"}, "positions of the kind 'abs_pos' with attention of the kind"),
        ("encoder_conf", {"selfattention_layer_type": "rope_abs_selfattn"}, "attention of the kind 'rope_abs_selfattn'"),
        ("encoder_conf", {"attention_heads": 3}, "256 features cannot be shared among 3 heads"),
        ("encoder_conf", {"causal": False}, "cnn_module_kernel is 8; a convolution that is not causal has an odd number"),
        ("encoder_conf", {"num_blocks": "many"}, "layers: Expected `int`, got `str`"),
        ("encoder_conf", {"activation_type": "mish"}, "activation: Invalid enum value 'mish'"),
        ("decoder_conf", {"input_layer": "embed_learnable_pe"}, "decoder_conf has the input_layer 'embed_learnable_pe'"),
        ("decoder_conf", {"src_attention": False}, "decoder_conf has src_attention False"),
        (None, {"output_dim": 5000}, "is of a net of 5000 units, but the checkpoint has 4233"),
    ],
)
def test_switches_that_would_change_the_net_are_named(section: str | None, change: dict[str, Any], message: str) -> None:
    with pytest.raises(PortError, match=message):
        net_config(SOURCE, changed(section, change), SHAPES)


def test_features_and_marks_that_are_not_read() -> None:
    with pytest.raises(PortError, match="features of the kind 'log_mel_spectrogram', which is not supported; 'fbank' is"):
        fbank_config(SOURCE, changed("dataset_conf", {"feats_type": "log_mel_spectrogram"}))
    with pytest.raises(PortError, match=r"using_pitch"):
        fbank_config(SOURCE, {"collate_conf": {"feature_extraction_conf": {"using_pitch": True}}})
    with pytest.raises(PortError, match=r"<eos> has the number 4233, and there are units 0 to 4232"):
        marks(SOURCE, changed("tokenizer_conf", {"special_tokens": {"<sos>": 2, "<eos>": 4233}}), 4233)
