"""Settings of KAN-TTS's nets as the configs of ours; a kind of net that we do not have is named.

Rows of tables are not in the settings: they come from the tensors. Source of names and defaults: KAN-TTS
(``kantts/configs``, ``kantts/models``, MIT).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, PortError
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.port.importers.sambert_files import ACOUSTIC, VOCODER, Part

Shapes = Mapping[str, tuple[int, ...]]
M = TypeVar("M", bound=StrictModel)

SYMBOL_TABLES = tuple(f"text_encoder.{name}_emb.weight" for name in ("sy", "tone", "syllable_flag", "ws"))
BYTE_TABLE = "text_encoder.byte_index_emb.weight"
ACOUSTIC_SIZES = {
    "mels": "num_mels",
    "embedding": "embedding_dim",
    "encoder_dim": "encoder_num_units",
    "encoder_heads": "encoder_num_heads",
    "encoder_layers": "encoder_num_layers",
    "encoder_hidden": "encoder_ffn_inner_dim",
    "text_dim": "encoder_projection_units",
    "speaker_dim": "speaker_units",
    "emotion_dim": "emotion_units",
    "predictor_layers": "predictor_fsmn_num_layers",
    "predictor_kernel": "predictor_filter_size",
    "predictor_shift": "predictor_shift",
    "predictor_dim": "predictor_num_memory_units",
    "predictor_hidden": "predictor_ffn_inner_dim",
    "predictor_lstm": "predictor_lstm_units",
    "duration_prenet": "dur_pred_prenet_units",
    "duration_lstm": "dur_pred_lstm_units",
    "decoder_prenet": "decoder_prenet_units",
    "decoder_dim": "decoder_num_units",
    "decoder_heads": "decoder_num_heads",
    "decoder_layers": "decoder_num_layers",
    "decoder_hidden": "decoder_ffn_inner_dim",
    "frames_per_step": "outputs_per_step",
    "postnet_layers": "postnet_fsmn_num_layers",
    "postnet_kernel": "postnet_filter_size",
    "postnet_shift": "postnet_shift",
    "postnet_dim": "postnet_num_memory_units",
    "postnet_hidden": "postnet_ffn_inner_dim",
    "postnet_lstm": "postnet_lstm_units",
}
VOCODER_SIZES = {
    "mels": "in_channels",
    "channels": "channels",
    "kernel": "kernel_size",
    "upsample_rates": "upsample_scales",
    "upsample_kernels": "upsample_kernal_sizes",  # spelt like that
    "block_kernels": "resblock_kernel_sizes",
    "block_dilations": "resblock_dilations",
}
_F0_MINIMUM_HZ, _F0_MAXIMUM_HZ = 30.0, 730.0


class AudioSettings(StrictModel, frozen=True):
    """How the mel of a voice was computed: magnitude STFT, mel filters, decibels, 0 to 1 for ``min_level_db`` to 0."""

    sample_rate: int
    hop_length: int
    win_length: int
    n_fft: int
    n_mels: int
    fmin: float
    fmax: float
    min_level_db: float = -100.0
    ref_level_db: float = 20.0


@dataclass(frozen=True, slots=True)
class F0Scale:
    """What the acoustic model's F0 column was normalised by, Hz: F0 = column * scale + offset."""

    scale: float
    offset: float


def acoustic_config(part: Part, shapes: Shapes) -> SambertConfig:
    """Return the config of an acoustic model.

    Parameters
    ----------
    part : Part
        Of the voice.
    shapes : mapping
        Of the checkpoint's tensors by their own names.

    Raises
    ------
    PortError
        A setting is missing or wrong, or asks for something that our net does not do.
    """
    source = part.folder / "config.yaml"
    params = part.params(ACOUSTIC)
    if params.get("FP"):
        raise PortError(f"{source}: FP, a model that puts fillers such as 嗯 between words, is not supported")
    by_bytes = bool(params.get("using_byte"))
    names = (BYTE_TABLE,) if by_bytes else SYMBOL_TABLES
    tables = tuple(_rows(part, shapes, name) for name in names)
    speakers = 0 if params.get("SE") else _rows(part, shapes, "spk_tokenizer.weight")
    rows = {"tables": tables, "emotions": _rows(part, shapes, "emo_tokenizer.weight"), "speakers": speakers}
    return _check(SambertConfig, _sizes(source, params, ACOUSTIC_SIZES) | rows, source)


def vocoder_config(part: Part) -> KanHiFiGanConfig:
    """Return the config of a vocoder; errors as of `acoustic_config`."""
    source = part.folder / "config.yaml"
    params = part.params(VOCODER)
    if params.get("out_channels", 1) != 1:
        raise PortError(f"{source}: a vocoder that makes {params['out_channels']} bands (PQMF) is not supported")
    if params.get("nonlinear_activation", "LeakyReLU") != "LeakyReLU":
        raise PortError(f"{source}: the activation {params['nonlinear_activation']} is not supported, only LeakyReLU is")
    if not params.get("repeat_upsample", True):
        raise PortError(f"{source}: a vocoder without repeat_upsample is not supported; the original cannot run it either")
    activation = params.get("nonlinear_activation_params")
    slope = activation.get("negative_slope", 0.1) if isinstance(activation, Mapping) else 0.1
    nsf = params.get("nsf_params")
    harmonics = nsf.get("nb_harmonics", 7) + 1 if isinstance(nsf, Mapping) else 0  # the fundamental is not counted there
    rest = {"slope": slope, "causal": params.get("causal", True), "harmonics": harmonics}
    return _check(KanHiFiGanConfig, _sizes(source, params, VOCODER_SIZES) | rest, source)


def audio_settings(voice: Path, part: Part) -> AudioSettings:
    """Return how the mel was computed, from the settings of a part, which repeat ``audio_config.yaml``; errors as above."""
    source = part.folder / "config.yaml"
    audio = part.config.get("audio_config")
    if not isinstance(audio, Mapping):
        raise PortError(f"{source}: has no audio_config, so the sample rate of {voice.name} is not known")
    names = {"sample_rate": "sampling_rate"} | {
        name: name for name in ("hop_length", "win_length", "n_fft", "n_mels", "fmin", "fmax", "min_level_db", "ref_level_db")
    }
    return _check(AudioSettings, {name: audio[theirs] for name, theirs in names.items() if theirs in audio}, source)


def f0_range(part: Part) -> F0Scale | None:
    """Return the scale of F0 where it is the same for all speakers, None where it is the speaker's own (``mvn.npy``)."""
    params = part.params(ACOUSTIC)
    if params.get("nsf_norm_type", "mean_std") == "mean_std":
        return None
    low = float(params.get("nsf_f0_global_minimum", _F0_MINIMUM_HZ))
    return F0Scale(float(params.get("nsf_f0_global_maximum", _F0_MAXIMUM_HZ)) - low, low)


def _sizes(source: Path, params: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    missing = [theirs for theirs in names.values() if theirs not in params]
    if missing:
        raise PortError(f"{source}: has no {', '.join(missing[:3])}; it is not the file that training wrote")
    return {ours: params[theirs] for ours, theirs in names.items()}


def _rows(part: Part, shapes: Shapes, name: str) -> int:
    if name not in shapes:
        raise PortError(
            f"{part.checkpoint}: has no {name}, which {part.folder / 'config.yaml'} asks for; one is not of the other"
        )
    return shapes[name][0]


def _check(kind: type[M], fields: Mapping[str, Any], source: Path) -> M:
    try:
        return kind.check(fields, str(source))
    except ConfigError as error:
        raise PortError(str(error)) from error
