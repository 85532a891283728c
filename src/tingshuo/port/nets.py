"""Nets of a text-to-speech bundle, rebuilt from its config and filled from its tensors.

The ``architecture`` of a `VoiceConfig` is flat: the sizes of both families, each key with its family in front
(``fastspeech.dim``). The family of a voice names both too: ``fastspeech+vocos``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.config import Size, VoiceConfig
from tingshuo.errors import ConfigError, PortError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.vocoders import FAMILIES, Vocoder, VocoderConfig, vocoder_family

ACOUSTIC = "fastspeech"


@dataclass(frozen=True, slots=True)
class VoiceNets:
    """The acoustic model and the vocoder of a voice."""

    acoustic: FastSpeech
    vocoder: Vocoder


def voice_family(vocoder: Vocoder | VocoderConfig) -> str:
    """Return the ``family`` of a bundle with this vocoder."""
    return f"{ACOUSTIC}+{vocoder_family(vocoder).name}"


def architecture(acoustic: FastSpeechConfig, vocoder: VocoderConfig) -> dict[str, Size]:
    """Return the ``architecture`` of a bundle with these sizes."""
    sizes = {f"{ACOUSTIC}.{key}": value for key, value in acoustic.fields().items()}
    return sizes | {f"{vocoder_family(vocoder).name}.{key}": value for key, value in vocoder.fields().items()}


def load_nets(config: VoiceConfig, acoustic: Mapping[str, NDArray[Any]], vocoder: Mapping[str, NDArray[Any]]) -> VoiceNets:
    """Build both nets, in evaluation mode, float32.

    Parameters
    ----------
    config : VoiceConfig
        Of the bundle.
    acoustic, vocoder : Mapping[str, NDArray]
        Tensors by parameter name; every parameter must be there, and nothing else.

    Raises
    ------
    PortError
        Another family, sizes that do not belong to it, or tensors that do not fit.
    """
    known = {f"{ACOUSTIC}+{name}": family for name, family in FAMILIES.items()}
    if config.family not in known:
        raise PortError(f"a voice of family {config.family!r} cannot be rebuilt; known: {', '.join(known)}")
    family = known[config.family]
    try:
        sizes = FastSpeechConfig.check(_sizes(config, ACOUSTIC), ACOUSTIC)
        vocoder_sizes = family.config.check(_sizes(config, family.name), family.name)
        if config.mel.hop_length != vocoder_sizes.hop_length:
            raise ConfigError(f"a frame is {config.mel.hop_length} samples, {family.name} makes {vocoder_sizes.hop_length}")
    except ConfigError as error:
        raise PortError(f"the architecture in the config does not fit {config.family}: {error}") from error
    net, wave_net = FastSpeech(sizes), family.net(vocoder_sizes)
    _fill(net, acoustic)
    _fill(wave_net, vocoder)
    return VoiceNets(net, wave_net)


def _sizes(config: VoiceConfig, family: str) -> dict[str, Size]:
    start = f"{family}."
    return {key.removeprefix(start): value for key, value in config.architecture.items() if key.startswith(start)}


def _fill(net: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    try:
        net.load_state_dict({name: torch.from_numpy(np.array(tensor, np.float32)) for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise PortError(f"the tensors do not fit the net: {error}") from error
    net.eval()
