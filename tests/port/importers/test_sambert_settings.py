"""Settings become our configs; kinds of nets that we do not have are named."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.port.importers.sambert_files import ACOUSTIC, VOCODER, Part
from tingshuo.port.importers.sambert_settings import (
    F0Scale,
    acoustic_config,
    audio_settings,
    f0_range,
    vocoder_config,
)

pytestmark = pytest.mark.train

ACOUSTIC_PARAMS: dict[str, Any] = {
    "max_len": 800, "embedding_dim": 512, "encoder_num_layers": 8, "encoder_num_heads": 8, "encoder_num_units": 128,
    "encoder_ffn_inner_dim": 1024, "encoder_projection_units": 32, "speaker_units": 32, "emotion_units": 32,
    "predictor_filter_size": 41, "predictor_fsmn_num_layers": 3, "predictor_num_memory_units": 128,
    "predictor_ffn_inner_dim": 256, "predictor_shift": 0, "predictor_lstm_units": 128, "dur_pred_prenet_units": [128, 128],
    "dur_pred_lstm_units": 128, "decoder_prenet_units": [256, 256], "decoder_num_layers": 12, "decoder_num_heads": 8,
    "decoder_num_units": 128, "decoder_ffn_inner_dim": 1024, "outputs_per_step": 3, "num_mels": 80, "postnet_filter_size": 41,
    "postnet_fsmn_num_layers": 4, "postnet_num_memory_units": 256, "postnet_ffn_inner_dim": 512, "postnet_shift": 17,
    "postnet_lstm_units": 128, "MAS": False,
}  # fmt: skip
VOCODER_PARAMS: dict[str, Any] = {
    "in_channels": 80, "out_channels": 1, "channels": 256, "kernel_size": 7, "upsample_scales": [10, 5, 2, 2],
    "upsample_kernal_sizes": [20, 10, 4, 4], "resblock_kernel_sizes": [3, 7, 11], "resblock_dilations": [[1, 3, 5, 7]] * 3,
    "causal": True, "nonlinear_activation": "LeakyReLU", "nonlinear_activation_params": {"negative_slope": 0.1},
}  # fmt: skip
SHAPES = {
    "text_encoder.sy_emb.weight": (147, 512),
    "text_encoder.tone_emb.weight": (10, 512),
    "text_encoder.syllable_flag_emb.weight": (8, 512),
    "text_encoder.ws_emb.weight": (8, 512),
    "text_encoder.byte_index_emb.weight": (259, 512),
    "emo_tokenizer.weight": (36, 32),
    "spk_tokenizer.weight": (4, 32),
}


def part(net: str, params: dict[str, Any], **rest: Any) -> Part:
    return Part(Path("v/p"), Path("v/p/ckpt/checkpoint_1.pth"), {"Model": {net: {"params": params}}, **rest})


def test_the_published_settings_are_our_defaults() -> None:
    expected = SambertConfig(tables=(147, 10, 8, 8), emotions=36, speakers=4)
    assert acoustic_config(part(ACOUSTIC, ACOUSTIC_PARAMS), SHAPES) == expected
    assert vocoder_config(part(VOCODER, VOCODER_PARAMS)) == KanHiFiGanConfig()


def test_variants_of_the_acoustic_model() -> None:
    given = acoustic_config(part(ACOUSTIC, ACOUSTIC_PARAMS | {"SE": True, "speaker_units": 192, "num_mels": 82}), SHAPES)
    assert (given.speakers, given.speaker_dim, given.mels, given.symbol_dim, given.memory_dim) == (0, 192, 82, 256, 320)
    assert acoustic_config(part(ACOUSTIC, ACOUSTIC_PARAMS | {"using_byte": True, "MAS": True}), SHAPES).tables == (259,)


def test_variants_of_the_vocoder() -> None:
    source = {"nsf_params": {"nb_harmonics": 7, "sampling_rate": 16000}, "causal": False}
    config = vocoder_config(part(VOCODER, VOCODER_PARAMS | source))
    assert (config.harmonics, config.causal) == (8, False)
    rates = {"upsample_scales": [8, 5, 3, 2], "upsample_kernal_sizes": [16, 10, 6, 4], "channels": 512}
    assert vocoder_config(part(VOCODER, VOCODER_PARAMS | rates)).hop_length == 240


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"FP": True}, "FP, a model that puts fillers"),
        ({"encoder_num_heads": "eight"}, "encoder_heads: Expected `int`, got `str`"),
        ({"predictor_shift": [0, 1, 2]}, "predictor_shift: Expected `int`, got `array`"),
    ],
)
def test_other_acoustic_models_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PortError, match=message):
        acoustic_config(part(ACOUSTIC, ACOUSTIC_PARAMS | change), SHAPES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"out_channels": 4}, r"a vocoder that makes 4 bands \(PQMF\) is not supported"),
        ({"nonlinear_activation": "ReLU"}, "the activation ReLU is not supported, only LeakyReLU is"),
        ({"repeat_upsample": False}, "a vocoder without repeat_upsample is not supported"),
    ],
)
def test_other_vocoders_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PortError, match=message):
        vocoder_config(part(VOCODER, VOCODER_PARAMS | change))


def test_settings_and_tensors_that_do_not_fit_are_said() -> None:
    fewer = {name: size for name, size in ACOUSTIC_PARAMS.items() if name != "postnet_shift"}
    with pytest.raises(PortError, match=r"config\.yaml: has no postnet_shift; it is not the file that training wrote"):
        acoustic_config(part(ACOUSTIC, fewer), SHAPES)
    shapes = {name: shape for name, shape in SHAPES.items() if not name.startswith("spk")}
    with pytest.raises(PortError, match=r"checkpoint_1\.pth: has no spk_tokenizer\.weight, which .*config\.yaml asks for"):
        acoustic_config(part(ACOUSTIC, ACOUSTIC_PARAMS), shapes)


def test_sound_is_described_by_the_settings_of_a_part() -> None:
    audio = {"sampling_rate": 16000, "hop_length": 200, "win_length": 1000, "n_fft": 2048, "n_mels": 80, "fmin": 0.0,
             "fmax": 8000.0, "num_workers": 16}  # fmt: skip
    settings = audio_settings(Path("v"), part(ACOUSTIC, {}, audio_config=audio))
    assert (settings.sample_rate, settings.fmax, settings.min_level_db) == (16000, 8000.0, -100.0)
    with pytest.raises(PortError, match="has no audio_config, so the sample rate of v is not known"):
        audio_settings(Path("v"), part(ACOUSTIC, {}))
    with pytest.raises(PortError, match="missing required field `fmax`"):
        audio_settings(Path("v"), part(ACOUSTIC, {}, audio_config={k: v for k, v in audio.items() if k != "fmax"}))


def test_f0_has_one_scale_for_all_speakers_or_their_own() -> None:
    assert f0_range(part(ACOUSTIC, {"NSF": True})) is None
    assert f0_range(part(ACOUSTIC, {"nsf_norm_type": "global"})) == F0Scale(700.0, 30.0)
    own = {"nsf_norm_type": "global", "nsf_f0_global_minimum": 40, "nsf_f0_global_maximum": 540}
    assert f0_range(part(ACOUSTIC, own)) == F0Scale(500.0, 40.0)
