"""Nets of a text-to-speech bundle, rebuilt from its config and filled from its tensors.

The ``architecture`` of a `VoiceConfig` is flat: the sizes of both families, each key with its family in front
(``fastspeech.dim``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.config import VoiceConfig
from tingshuo.errors import ConfigError, PortError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import SourceFilter

FAMILY = "fastspeech+source_filter"
_ACOUSTIC, _VOCODER = "fastspeech.", "source_filter."


@dataclass(frozen=True, slots=True)
class VoiceNets:
    """The acoustic model and the vocoder of a voice."""

    acoustic: FastSpeech
    vocoder: SourceFilter


def architecture(acoustic: FastSpeechConfig, vocoder: SourceFilterConfig) -> dict[str, int]:
    """Return the ``architecture`` of a bundle with these sizes."""
    sizes = {_ACOUSTIC + key: value for key, value in acoustic.fields().items()}
    return sizes | {_VOCODER + key: value for key, value in vocoder.fields().items()}


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
    if config.family != FAMILY:
        raise PortError(f"a voice of family {config.family!r} cannot be rebuilt; known: {FAMILY}")
    try:
        net = FastSpeech(FastSpeechConfig.check(_sizes(config, _ACOUSTIC), _ACOUSTIC))
        filters = SourceFilter(SourceFilterConfig.check(_sizes(config, _VOCODER), _VOCODER))
    except ConfigError as error:
        raise PortError(f"the architecture in the config does not fit {FAMILY}: {error}") from error
    _fill(net, acoustic)
    _fill(filters, vocoder)
    return VoiceNets(net, filters)


def _sizes(config: VoiceConfig, family: str) -> dict[str, int]:
    return {key.removeprefix(family): value for key, value in config.architecture.items() if key.startswith(family)}


def _fill(net: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    try:
        net.load_state_dict({name: torch.from_numpy(np.array(tensor, np.float32)) for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise PortError(f"the tensors do not fit the net: {error}") from error
    net.eval()
