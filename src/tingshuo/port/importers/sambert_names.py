"""Names of KAN-TTS's tensors and ours.

Source: the modules of KAN-TTS (``kantts/models``, MIT), whose attributes the names are.
"""

import re
from collections.abc import Mapping

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.port.importers.keys import Rule

_BLOCK_PARTS = {"pos_ffn.w_1": "inner", "pos_ffn.w_2": "outer", "pos_ffn.layer_norm": "inner_norm"}
_ENCODER_PARTS = {
    "slf_attn.layer_norm": "attention_norm",
    "slf_attn.w_qkv": "query_key_value",
    "slf_attn.fc": "attention_out",
    **_BLOCK_PARTS,
}
_DECODER_PARTS = {
    "pnca_attn.layer_norm": "attention_norm",
    "pnca_attn.w_x_qkv": "query_key_value",
    "pnca_attn.fc_x": "past_out",
    "pnca_attn.w_h_kv": "memory_key_value",
    "pnca_attn.fc_h": "memory_out",
    **_BLOCK_PARTS,
}


def acoustic_rules(config: SambertConfig) -> list[Rule]:
    """Return how names of an acoustic model become ours."""
    prenets = (
        (r"variance_adaptor\.duration_predictor\.prenet", "duration.prenet", len(config.duration_prenet)),
        (r"mel_decoder\.mel_dec\.prenet", "decoder.prenet", len(config.decoder_prenet)),
    )
    names = ("sy", "tone", "syllable_flag", "ws") if len(config.tables) > 1 else ("byte_index",)
    return [
        *((rf"text_encoder\.{name}_emb\.(.*)", rf"encoder.tables.{index}.\1") for index, name in enumerate(names)),
        *_part_rules(r"text_encoder\.ling_enc\.fft", "encoder", _ENCODER_PARTS),
        (r"text_encoder\.ling_enc\.ln\.(.*)", r"encoder.norm.\1"),
        (r"text_encoder\.ling_proj\.(.*)", r"encoder.out.\1"),
        (r"spk_tokenizer\.(.*)", r"speaker.\1"),
        (r"emo_tokenizer\.(.*)", r"emotion.\1"),
        *_memory_rules(r"variance_adaptor\.(pitch|energy)_predictor\.fsmn", r"adaptor.\1.memory", 2),
        (r"variance_adaptor\.(pitch|energy)_predictor\.blstm\.(.*)", r"adaptor.\1.lstm.\2"),
        (r"variance_adaptor\.(pitch|energy)_predictor\.fc\.(.*)", r"adaptor.\1.out.\2"),
        (r"variance_adaptor\.(pitch|energy)_emb\.(.*)", r"adaptor.\1_embedding.\2"),
        *(rule for prenet in prenets for rule in _prenet_rules(*prenet)),
        (r"variance_adaptor\.duration_predictor\.lstm\.(.*)", r"duration.lstm.\1"),
        (r"variance_adaptor\.duration_predictor\.fc\.(.*)", r"duration.out.\1"),
        (r"mel_decoder\.mel_dec\.dec_in_proj\.(.*)", r"decoder.join.\1"),
        *_part_rules(r"mel_decoder\.mel_dec\.pnca", "decoder", _DECODER_PARTS),
        (r"mel_decoder\.mel_dec\.ln\.(.*)", r"decoder.norm.\1"),
        (r"mel_decoder\.mel_dec\.dec_out_proj\.(.*)", r"decoder.out.\1"),
        *_memory_rules(r"mel_postnet\.fsmn", "postnet.memory", 1),
        (r"mel_postnet\.lstm\.(.*)", r"postnet.lstm.\1"),
        (r"mel_postnet\.fc\.(.*)", r"postnet.out.\1"),
    ]


def vocoder_rules(config: KanHiFiGanConfig) -> list[Rule]:
    """Return how names of a vocoder become ours; its residual blocks are numbered through all stages."""
    per_stage = len(config.block_kernels)
    blocks = [(n, f"stages.{n // per_stage}.blocks.{n % per_stage}") for n in range(len(config.upsample_rates) * per_stage)]
    kinds = {"convs1": "dilated", "convs2": "plain"}
    return [
        (r"(conv_pre|conv_post)\.conv1d\.(.*)", r"\1.\2"),
        (r"transpose_upsamples\.(\d+)\.1\.deconv\.(.*)", r"stages.\1.up.\2"),
        (r"repeat_upsamples\.(\d+)\.2\.conv1d\.(.*)", r"stages.\1.repeat.\2"),
        (r"source_module\.ffn\.0\.(.*)", r"source.\1"),
        (r"source_downs\.(\d+)\.conv1d\.(.*)", r"stages.\1.source.\2"),
        *(
            (rf"conv_blocks\.{n}\.{theirs}\.(\d+)\.conv1d\.(.*)", rf"{block}.{ours}.\1.\2")
            for n, block in blocks
            for theirs, ours in kinds.items()
        ),
    ]


def _part_rules(stem: str, ours: str, parts: Mapping[str, str]) -> list[Rule]:
    return [(rf"{stem}\.(\d+)\.{re.escape(theirs)}\.(.*)", rf"{ours}.blocks.\1.{part}.\2") for theirs, part in parts.items()]


def _memory_rules(stem: str, ours: str, group: int) -> list[Rule]:
    """Rules of memory blocks, whose number is the given group of the pattern."""
    parts = {"ffn_lst": {"w_1": "inner", "w_2": "outer"}, "memory_block_lst": {"conv_dw": "taps"}}
    return [
        (rf"{stem}\.{group_name}\.(\d+)\.{theirs}\.(.*)", rf"{ours}.\{group}.{part}.\{group + 1}")
        for group_name, names in parts.items()
        for theirs, part in names.items()
    ]


def _prenet_rules(stem: str, ours: str, layers: int) -> list[Rule]:
    """Rules of a prenet: linear layers, each followed by an activation and a dropout that count as well, and a last one."""
    inner = [(rf"{stem}\.fcs\.{3 * n}\.(.*)", rf"{ours}.layers.{n}.\1") for n in range(layers)]
    return [*inner, (rf"{stem}\.fcs\.{3 * layers}\.(.*)", rf"{ours}.out.\1")]
