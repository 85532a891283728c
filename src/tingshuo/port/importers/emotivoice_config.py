"""``config.yaml`` of EmotiVoice: the sizes of its acoustic model and of its HiFi-GAN.

Much of the file is of training, or of parts that the public code does not build (a reference encoder, a postnet); it is not read.
Source: ``config/joint/config.yaml`` and the modules that it configures, in https://github.com/netease-youdao/EmotiVoice.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from tingshuo.errors import PortError
from tingshuo.models.emotivoice.config import EmotiVoiceConfig
from tingshuo.models.hifigan.config import V1, HiFiGanConfig

_ODD = (
    "encoder_kernel_size_conv_mod",
    "decoder_kernel_size_conv_mod",
    "variance_kernel_size",
    "variance_embed_kernel_size",
    "duration_kernel_size",
    "resblock_kernel_sizes",
)
SAMPLE_RATE = 16000
"""Of the published voices, in Hz."""


class Sizes(NamedTuple):
    """Sizes of both nets, but for the rows of the tables, and the sample rate in Hz."""

    acoustic: EmotiVoiceConfig
    vocoder: HiFiGanConfig
    sample_rate: int


PUBLISHED = Sizes(EmotiVoiceConfig(), V1.replace(mels=80), SAMPLE_RATE)
"""What the only published ``config.yaml`` says."""


class _Model(msgspec.Struct):
    encoder_n_layers: int
    encoder_n_heads: int
    encoder_n_hidden: int
    encoder_kernel_size_conv_mod: int
    decoder_n_layers: int
    decoder_n_heads: int
    decoder_n_hidden: int
    decoder_kernel_size_conv_mod: int
    bert_embedding: int
    variance_n_hidden: int
    variance_n_layers: int
    variance_kernel_size: int
    variance_embed_kernel_size: int
    duration_n_layers: int
    duration_kernel_size: int
    resblock: str | int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    initial_channel: int
    upsample_initial_channel: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]


class _Settings(msgspec.Struct):
    sr: int
    n_mels: int
    hop_length: int
    model: _Model


def read_config(path: Path) -> Sizes:
    """Read the file.

    Raises
    ------
    PortError
        It cannot be read, lacks a size, or asks for a net that cannot be built.
    """
    import yaml

    try:
        settings = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _Settings)
    except (OSError, UnicodeDecodeError) as error:
        raise PortError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise PortError(f"{path}: is not YAML: {getattr(error, 'problem', None) or error}") from error
    except msgspec.ValidationError as error:
        raise PortError(f"{path}: is no configuration of EmotiVoice: {error}") from error
    problem = _problem(settings)
    if problem:
        raise PortError(f"{path}: {problem}")
    return Sizes(_acoustic(settings), _vocoder(settings.model), settings.sr)


def _acoustic(settings: _Settings) -> EmotiVoiceConfig:
    model = settings.model
    return EmotiVoiceConfig(
        latent=settings.n_mels,
        dim=model.encoder_n_hidden,
        prompt=model.bert_embedding,
        encoder_layers=model.encoder_n_layers,
        encoder_heads=model.encoder_n_heads,
        encoder_kernel=model.encoder_kernel_size_conv_mod,
        decoder_layers=model.decoder_n_layers,
        decoder_heads=model.decoder_n_heads,
        decoder_kernel=model.decoder_kernel_size_conv_mod,
        variance_hidden=model.variance_n_hidden,
        duration_layers=model.duration_n_layers,
        duration_kernel=model.duration_kernel_size,
        pitch_layers=model.variance_n_layers,
        pitch_kernel=model.variance_kernel_size,
        embedding_kernel=model.variance_embed_kernel_size,
    )


def _vocoder(model: _Model) -> HiFiGanConfig:
    return HiFiGanConfig(
        mels=model.initial_channel,
        channels=model.upsample_initial_channel,
        upsample_rates=model.upsample_rates,
        upsample_kernels=model.upsample_kernel_sizes,
        block=int(model.resblock),
        block_kernels=model.resblock_kernel_sizes,
        block_dilations=model.resblock_dilation_sizes,
    )


def _problem(settings: _Settings) -> str:
    """What cannot be built, or nothing."""
    model = settings.model
    if model.encoder_n_hidden != model.decoder_n_hidden:
        return f"encoder and decoder have {model.encoder_n_hidden} and {model.decoder_n_hidden} features, and should have as many"
    for heads in (model.encoder_n_heads, model.decoder_n_heads):
        if heads < 1 or model.encoder_n_hidden % heads:
            return f"{model.encoder_n_hidden} features cannot be shared among {heads} heads"
    if str(model.resblock) not in ("1", "2"):
        return f"residual blocks of the kind {model.resblock!r} are not known; known are '1' and '2'"
    if settings.n_mels != model.initial_channel:
        return f"the acoustic model makes {settings.n_mels} numbers a frame and the vocoder reads {model.initial_channel}"
    if len(model.upsample_rates) != len(model.upsample_kernel_sizes):
        return "upsample_rates and upsample_kernel_sizes differ in length"
    if len(model.resblock_kernel_sizes) != len(model.resblock_dilation_sizes):
        return "resblock_kernel_sizes and resblock_dilation_sizes differ in length"
    if _vocoder(model).hop_length != settings.hop_length:
        return f"the vocoder makes {_vocoder(model).hop_length} samples of a frame, and hop_length is {settings.hop_length}"
    pairs = zip(model.upsample_rates, model.upsample_kernel_sizes, strict=True)
    if any(kernel < rate or (kernel - rate) % 2 for rate, kernel in pairs):
        return "upsample_kernel_sizes are not those of upsample_rates plus an even number"
    even = [name for name in _ODD if any(kernel % 2 == 0 for kernel in np.atleast_1d(getattr(model, name)))]
    return f"{even[0]} has an even number; only odd kernels keep the length" if even else ""
