"""HiFi-GAN in the layout of its authors, any sizes: a generator and the config.json beside it.

::

    vocoder = read_hifigan(Path("UNIVERSAL_V1/g_02500000"))
    net = vocoder.net()

Many projects write their generators so; that their mel is computed as HiFi-GAN's own program does it is taken from config.json.
Projects that write others are named and refused. Source of layout and settings: https://github.com/jik876/hifi-gan (MIT),
``models.py``, ``train.py``, ``meldataset.py``, ``config_v1.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from numpy.typing import NDArray

from tingshuo.audio.mel import HIFIGAN
from tingshuo.config import MelConfig
from tingshuo.errors import PortError
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import BLOCKS, HiFiGan
from tingshuo.port.filling import filled
from tingshuo.port.importers.hifigan_files import find_generator, find_settings, name_of
from tingshuo.port.importers.keys import Fitted, KeyReport, fit, shapes_of
from tingshuo.port.importers.sambert_files import read_json
from tingshuo.port.importers.states import State, open_state

MARK = "conv_pre.bias"
"""What every generator has."""
_WHOLE_VOICES = ("enc_p.", "flow.", "am.encoder.", "model_g.")
_OTHERS = (
    (("input_conv.", "generator.input_conv.", "model.generator.input_conv."), "a HiFi-GAN of ParallelWaveGAN or ESPnet"),
    (("transpose_upsamples.", "model.generator.transpose_upsamples."), "the vocoder of a Sambert voice; import that voice"),
    (("upsampler.0", "vocoder.upsampler.0"), "a HiFi-GAN of transformers (SpeechT5HifiGan)"),
    (("conv_pre.conv.",), "a HiFi-GAN of SpeechBrain"),
    (("backbone.embed.", "backbone.convnext."), "a Vocos; give --system vocos"),
)
"""Begins of names, and whose they are."""
_VARIANTS = (
    (("noise_convs.", "m_source.", "source_module."), "NSF-HiFi-GAN, which reads F0 as well as mel"),
    (("ups.0.0.", "activation_post."), "BigVGAN"),
    (("cond.", "cond_layer."), "conditioned on a speaker"),
)


@dataclass(frozen=True, slots=True)
class ForeignVocoder:
    """A vocoder that has been read; ``net`` of its family returns it with these weights."""

    name: str
    config: HiFiGanConfig
    mel: MelConfig
    fitted: Fitted
    checkpoint: Path

    def net(self) -> HiFiGan:
        """Return the net with these weights, in evaluation mode."""
        with torch.device("meta"):
            net = HiFiGan(self.config)
        return filled(net, self.fitted.tensors)


class _Settings(msgspec.Struct):
    """What is read of config.json; the rest is of training."""

    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    sampling_rate: int
    n_fft: int
    hop_size: int
    win_size: int
    resblock: str | int = "1"
    num_mels: int = 80  # old configs do not say it: it is fixed in the program
    fmin: float | None = 0.0
    fmax: float | None = None


def read_hifigan(path: Path) -> ForeignVocoder:
    """Read a vocoder.

    Parameters
    ----------
    path : Path
        A generator, or the folder in which it lies with its config.json.

    Raises
    ------
    PortError
        A file is missing or another one, of a kind that is not supported, or settings and tensors do not fit each other.
    """
    generator = find_generator(path)
    with open_state(generator) as state:
        # First what it is: the files of others have other settings beside them, or none.
        prefix = _prefix(state)
        _refuse_variants(state, prefix)
        settings = find_settings(generator)
        config, mel = read_settings(settings)
        bands = (state.shape(f"{prefix}conv_pre.weight_v") or state.shape(f"{prefix}conv_pre.weight"))[1:2]
        if bands and bands[0] != config.mels:
            raise PortError(f"{generator}: reads {bands[0]} mel bands, and {settings} says {config.mels}")
        outside = dict.fromkeys(name.partition(".")[0] for name in state.tensors if not name.startswith(prefix))
        tensors = state.folded(prefix)
    try:
        fitted = _fit(tensors, config, tuple(outside))
    except PortError as error:
        raise PortError(f"{generator}: {error}; is {settings} the one that it was trained with?") from error
    return ForeignVocoder(name_of(generator), config, mel, fitted, generator)


def read_settings(path: Path) -> tuple[HiFiGanConfig, MelConfig]:
    """Read config.json: the sizes of the net, and how its mel is computed.

    Raises
    ------
    PortError
        A setting is missing or wrong, or one that the net does not have.
    """
    content = read_json(path)
    if "gen_istft_n_fft" in content:
        raise PortError(f"{path}: is of an iSTFTNet, which is not supported; HiFi-GAN and Vocos are")
    try:
        settings = msgspec.convert(dict(content), _Settings)
    except msgspec.ValidationError as error:
        raise PortError(f"{path}: is not the config.json of a HiFi-GAN as its authors write it: {error}") from error
    if str(settings.resblock) not in {str(kind) for kind in BLOCKS}:
        raise PortError(f"{path}: resblock {settings.resblock} is not known; 1 and 2 are")
    config = HiFiGanConfig(
        mels=settings.num_mels,
        channels=settings.upsample_initial_channel,
        upsample_rates=settings.upsample_rates,
        upsample_kernels=settings.upsample_kernel_sizes,
        block=int(settings.resblock),
        block_kernels=settings.resblock_kernel_sizes,
        block_dilations=settings.resblock_dilation_sizes,
    )
    _check_sizes(path, config, settings.hop_size)
    mel = MelConfig(
        sample_rate=settings.sampling_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_size,
        win_length=settings.win_size,
        n_mels=settings.num_mels,
        fmin=settings.fmin or 0.0,
        fmax=settings.fmax or settings.sampling_rate / 2,
        **HIFIGAN,
    )
    if not (0 < mel.hop_length <= mel.win_length <= mel.n_fft and 0 <= mel.fmin < mel.fmax <= mel.sample_rate / 2):
        raise PortError(
            f"{path}: no mel can be computed with n_fft {mel.n_fft}, win_size {mel.win_length}, hop_size {mel.hop_length}, fmin "
            f"{mel.fmin:g} and fmax {mel.fmax:g} at {mel.sample_rate} Hz"
        )
    return config, mel


def _check_sizes(path: Path, config: HiFiGanConfig, hop_size: int) -> None:
    stages = len(config.upsample_rates)
    if not stages or len(config.upsample_kernels) != stages:
        raise PortError(f"{path}: upsample_rates and upsample_kernel_sizes are not as many as each other")
    if not config.block_kernels or len(config.block_kernels) != len(config.block_dilations):
        raise PortError(f"{path}: resblock_kernel_sizes and resblock_dilation_sizes are not as many as each other")
    if any(kernel < rate or rate < 1 for rate, kernel in zip(config.upsample_rates, config.upsample_kernels, strict=True)):
        raise PortError(f"{path}: a kernel of upsample_kernel_sizes is narrower than its rate")
    if any(kernel % 2 == 0 for kernel in config.block_kernels):
        raise PortError(f"{path}: a kernel of resblock_kernel_sizes is even, which the net cannot add to its input")
    if config.channels % 2**stages:
        raise PortError(f"{path}: upsample_initial_channel {config.channels} cannot be halved {stages} times")
    if config.hop_length != hop_size:
        raise PortError(f"{path}: a frame is hop_size {hop_size} samples, and upsample_rates make {config.hop_length} of it")


def _prefix(state: State) -> str:
    """Return what stands before the names of the generator's tensors."""
    found = [name.removesuffix(MARK) for name in state.tensors if name.endswith(MARK) and name[: -len(MARK)][-1:] in ("", ".")]
    if state.begins(*_WHOLE_VOICES):
        raise PortError(
            f"{state.path}: is a whole voice, of VITS, RVC or EmotiVoice, whose vocoder does not read mels; import it as a voice"
        )
    if len(found) == 1:
        return found[0]
    if found:
        if "generator." in found:
            return "generator."
        raise PortError(f"{state.path}: has {len(found)} generators, at {', '.join(found)}; save one of them alone")
    raise PortError(f"{state.path}: {_what_it_is(state)}; give the g_… file of a training, or the generator of a download")


def _what_it_is(state: State) -> str:
    for begins, whose in _OTHERS:
        if state.begins(*begins):
            return f"is {whose}, which is not read as a HiFi-GAN of its authors"
    if {"mpd", "msd", "optim_g", "optim_d"} & set(state.keys) or state.begins("mpd.", "msd.", "discriminators."):
        return "holds the discriminators and the optimizers, which only training needs (a do_… file)"
    shown = ", ".join(state.keys[:3]) or "nothing"
    return f"is no HiFi-GAN: it has no conv_pre, only {shown}"


def _refuse_variants(state: State, prefix: str) -> None:
    for begins, what in _VARIANTS:
        if state.begins(*(f"{prefix}{name}" for name in begins)):
            raise PortError(f"{state.path}: is a HiFi-GAN {_joined(what)}, which is not supported; the plain one is")
    outputs = state.shape(f"{prefix}conv_post.bias")
    if outputs and outputs[0] != 1:
        raise PortError(
            f"{state.path}: makes {outputs[0]} values a step (iSTFTNet, or bands of PQMF), which is not supported; samples are"
        )


def _joined(what: str) -> str:
    return what if what.startswith("conditioned") else f"of another kind, {what}"


def _fit(tensors: Mapping[str, NDArray[Any]], config: HiFiGanConfig, outside: tuple[str, ...]) -> Fitted:
    with torch.device("meta"):
        shapes = shapes_of(HiFiGan(config).state_dict())
    fitted = fit(tensors, shapes)
    return Fitted(fitted.tensors, KeyReport(fitted.report.n_used, outside))
