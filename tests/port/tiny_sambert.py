"""Tiny voices of KAN-TTS with random weights, written as the original's training leaves them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.net import Sambert
from tingshuo.port.importers.sambert_settings import ACOUSTIC_SIZES, VOCODER_SIZES

AUDIO = {"sampling_rate": 16000, "hop_length": 20, "win_length": 100, "n_fft": 128, "n_mels": 6, "fmin": 0.0, "fmax": 8000.0}
ACOUSTIC = SambertConfig(
    tables=(147, 10, 8, 8), emotions=36, speakers=5, mels=6, embedding=12, encoder_dim=8, encoder_heads=2, encoder_layers=2,
    encoder_hidden=12, text_dim=4, speaker_dim=3, emotion_dim=2, predictor_layers=2, predictor_kernel=5, predictor_dim=6,
    predictor_hidden=7, predictor_lstm=5, duration_prenet=(4, 3), duration_lstm=5, decoder_prenet=(6, 5), decoder_dim=8,
    decoder_heads=2, decoder_layers=2, decoder_hidden=12, postnet_layers=2, postnet_kernel=5, postnet_shift=1, postnet_dim=7,
    postnet_hidden=8, postnet_lstm=5,
)  # fmt: skip
CAUSAL = KanHiFiGanConfig(mels=6, channels=8, upsample_rates=(5, 4), upsample_kernels=(10, 8), block_kernels=(3, 5),
                          block_dilations=((1, 3), (1, 3)))  # fmt: skip
NOISY = CAUSAL.replace(causal=False, upsample_kernels=(11, 8), harmonics=3)
ACOUSTIC_NAMES = [
    (r"encoder\.blocks\.(\d+)\.inner_norm", r"text_encoder.ling_enc.fft.\1.pos_ffn.layer_norm"),
    (r"encoder\.blocks\.(\d+)\.inner", r"text_encoder.ling_enc.fft.\1.pos_ffn.w_1"),
    (r"encoder\.blocks\.(\d+)\.outer", r"text_encoder.ling_enc.fft.\1.pos_ffn.w_2"),
    (r"encoder\.blocks\.(\d+)\.attention_norm", r"text_encoder.ling_enc.fft.\1.slf_attn.layer_norm"),
    (r"encoder\.blocks\.(\d+)\.query_key_value", r"text_encoder.ling_enc.fft.\1.slf_attn.w_qkv"),
    (r"encoder\.blocks\.(\d+)\.attention_out", r"text_encoder.ling_enc.fft.\1.slf_attn.fc"),
    (r"encoder\.norm", "text_encoder.ling_enc.ln"),
    (r"encoder\.out", "text_encoder.ling_proj"),
    (r"speaker", "spk_tokenizer"),
    (r"emotion", "emo_tokenizer"),
    (r"adaptor\.(\w+)\.memory\.(\d)\.inner", r"variance_adaptor.\1_predictor.fsmn.ffn_lst.\2.w_1"),
    (r"adaptor\.(\w+)\.memory\.(\d)\.outer", r"variance_adaptor.\1_predictor.fsmn.ffn_lst.\2.w_2"),
    (r"adaptor\.(\w+)\.memory\.(\d)\.taps", r"variance_adaptor.\1_predictor.fsmn.memory_block_lst.\2.conv_dw"),
    (r"adaptor\.(\w+)\.lstm", r"variance_adaptor.\1_predictor.blstm"),
    (r"adaptor\.(\w+)\.out", r"variance_adaptor.\1_predictor.fc"),
    (r"adaptor\.(\w+)_embedding", r"variance_adaptor.\1_emb"),
    (r"duration\.prenet\.layers\.0", "variance_adaptor.duration_predictor.prenet.fcs.0"),
    (r"duration\.prenet\.layers\.1", "variance_adaptor.duration_predictor.prenet.fcs.3"),
    (r"duration\.lstm", "variance_adaptor.duration_predictor.lstm"),
    (r"duration\.out", "variance_adaptor.duration_predictor.fc"),
    (r"decoder\.prenet\.layers\.0", "mel_decoder.mel_dec.prenet.fcs.0"),
    (r"decoder\.prenet\.layers\.1", "mel_decoder.mel_dec.prenet.fcs.3"),
    (r"decoder\.prenet\.out", "mel_decoder.mel_dec.prenet.fcs.6"),
    (r"decoder\.join", "mel_decoder.mel_dec.dec_in_proj"),
    (r"decoder\.blocks\.(\d+)\.inner_norm", r"mel_decoder.mel_dec.pnca.\1.pos_ffn.layer_norm"),
    (r"decoder\.blocks\.(\d+)\.inner", r"mel_decoder.mel_dec.pnca.\1.pos_ffn.w_1"),
    (r"decoder\.blocks\.(\d+)\.outer", r"mel_decoder.mel_dec.pnca.\1.pos_ffn.w_2"),
    (r"decoder\.blocks\.(\d+)\.attention_norm", r"mel_decoder.mel_dec.pnca.\1.pnca_attn.layer_norm"),
    (r"decoder\.blocks\.(\d+)\.query_key_value", r"mel_decoder.mel_dec.pnca.\1.pnca_attn.w_x_qkv"),
    (r"decoder\.blocks\.(\d+)\.past_out", r"mel_decoder.mel_dec.pnca.\1.pnca_attn.fc_x"),
    (r"decoder\.blocks\.(\d+)\.memory_key_value", r"mel_decoder.mel_dec.pnca.\1.pnca_attn.w_h_kv"),
    (r"decoder\.blocks\.(\d+)\.memory_out", r"mel_decoder.mel_dec.pnca.\1.pnca_attn.fc_h"),
    (r"decoder\.norm", "mel_decoder.mel_dec.ln"),
    (r"decoder\.out", "mel_decoder.mel_dec.dec_out_proj"),
    (r"postnet\.memory\.(\d)\.inner", r"mel_postnet.fsmn.ffn_lst.\1.w_1"),
    (r"postnet\.memory\.(\d)\.outer", r"mel_postnet.fsmn.ffn_lst.\1.w_2"),
    (r"postnet\.memory\.(\d)\.taps", r"mel_postnet.fsmn.memory_block_lst.\1.conv_dw"),
    (r"postnet\.lstm", "mel_postnet.lstm"),
    (r"postnet\.out", "mel_postnet.fc"),
]
POSITIONS = "text_encoder.ling_enc.position_enc.position_enc"
SPELLINGS = {
    "old": ("weight_g", "weight_v"),
    "new": ("parametrizations.weight.original0", "parametrizations.weight.original1"),
}


def acoustic_state(net: Any) -> dict[str, Any]:
    """Return the tensors of a net under the names and in the shapes of the original."""
    tables = dict(enumerate(("sy", "tone", "syllable_flag", "ws"))) if len(net.encoder.tables) > 1 else {0: "byte_index"}
    rules = [(rf"encoder\.tables\.{n}", f"text_encoder.{name}_emb") for n, name in tables.items()] + ACOUSTIC_NAMES
    state = {}
    for name, tensor in net.state_dict().items():
        stem, _, end = name.rpartition(".")
        theirs = next(found.expand(to) for pattern, to in rules if (found := re.fullmatch(pattern, stem)))
        is_conv = theirs.endswith(("w_1", "w_2")) and tensor.ndim == 2
        state[f"{theirs}.{end}"] = tensor[..., None] if is_conv else tensor
    rates = 10000.0 ** (-np.arange(6) / 5)
    angles = np.arange(1, 31)[:, None] * rates
    state["text_encoder.ling_enc.position_enc.position_enc"] = torch.from_numpy(
        np.concatenate([np.sin(angles), np.cos(angles)], 1)[None]
    )
    state["variance_adaptor.dur_position_encoder.inv_timescales"] = torch.tensor([1.0, 1, 100, 100])
    return state


def vocoder_state(net: Any, spelling: str) -> dict[str, Any]:
    """Return the tensors of a net under the names of the original, weights as length and direction."""
    per_stage = len(net.config.block_kernels)

    def block(found: re.Match[str]) -> str:
        kind = {"dilated": "convs1", "plain": "convs2"}[found[3]]
        return f"conv_blocks.{int(found[1]) * per_stage + int(found[2])}.{kind}.{found[4]}.conv1d"

    rules: list[tuple[str, Any]] = [
        (r"stages\.(\d)\.blocks\.(\d)\.(\w+)\.(\d)", block),
        (r"stages\.(\d)\.up", r"transpose_upsamples.\1.1.deconv"),
        (r"stages\.(\d)\.repeat", r"repeat_upsamples.\1.2.conv1d"),
        (r"stages\.(\d)\.source", r"source_downs.\1.conv1d"),
        (r"source", "source_module.ffn.0"),
        (r"(conv_pre|conv_post)", r"\1.conv1d"),
    ]
    state = {}
    for name, tensor in net.state_dict().items():
        stem, _, end = name.rpartition(".")
        theirs = next(re.sub(pattern, to, stem) for pattern, to in rules if re.fullmatch(pattern, stem))
        if end == "bias":
            state[f"{theirs}.bias"] = tensor
        else:
            length, direction = (f"{theirs}.{part}" for part in SPELLINGS[spelling])
            state[length] = torch.linalg.vector_norm(tensor, dim=(1, 2), keepdim=True)
            state[direction] = 3 * tensor
    return state


def write_part(folder: Path, name: str, params: dict[str, Any], model: Any, **rest: Any) -> None:
    (folder / "ckpt").mkdir(parents=True)
    config = {"Model": {name: {"params": params}}, "audio_config": AUDIO, **rest}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    state = {"optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}, "scheduler": {"last_epoch": 9}, "steps": 9, "model": model}
    torch.save(state, folder / "ckpt" / "checkpoint_9.pth")


def params_of(config: Any, names: Mapping[str, str]) -> dict[str, Any]:
    fields = config.fields()
    return {theirs: fields[ours] for ours, theirs in names.items()}


def write_voice(folder: Path, acoustic: Any, vocoder: Any, spelling: str = "old", **changes: Any) -> Path:
    """Write a voice of two nets as the original's training leaves it."""
    units = {"speaker_list": "F7,M7", "lfeat_type_list": "sy,tone"}
    params = params_of(acoustic.config, ACOUSTIC_SIZES) | {"MAS": True} | changes
    model = acoustic_state(acoustic) | {"align_attention.key_proj.0.conv.weight": torch.zeros(2, 3)}
    write_part(folder / "am", "KanTtsSAMBERT", params, model, linguistic_unit=units)
    nsf = {"nsf_params": {"nb_harmonics": vocoder.config.harmonics - 1}} if vocoder.config.harmonics else {}
    params = params_of(vocoder.config, VOCODER_SIZES) | {"causal": vocoder.config.causal, "out_channels": 1} | nsf
    model = {"generator": vocoder_state(vocoder, spelling), "discriminator": {"scale": {"w": torch.ones(1)}}}
    write_part(folder / "voc", "Generator", params, model)
    return folder


def random_net(kind: Any, config: Any) -> Any:
    torch.manual_seed(0)
    net = kind(config).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    if kind is Sambert:
        torch.nn.init.constant_(net.duration.out.bias, 1.2)  # some two frames a symbol
    return net
