"""The vocoder that a training begins with: a new one of any family, or that of a finished voice."""

import copy
from collections.abc import Mapping
from typing import Any

import torch

from tingshuo.config import MelConfig
from tingshuo.errors import ConfigError
from tingshuo.port.vocoders import FAMILIES, Vocoder, vocoder_family
from tingshuo.port.vocoders import VocoderConfig as Sizes
from tingshuo.train.vocoder_config import BASE, VocoderConfig


def vocoder_sizes(config: VocoderConfig, mel: MelConfig) -> Sizes | None:
    """Return the sizes of a new vocoder; None when it is that of the base voice.

    Raises
    ------
    ConfigError
        A size that the family does not have, a wrong value, frames that are not those of the features, or a named size for the
        vocoder of the base voice, which has its own.
    """
    if config.family == BASE:
        if config.size:
            raise ConfigError(
                f"vocoder.size is for a new vocoder, and vocoder.family is {BASE}; name a family, {', '.join(FAMILIES)}, or "
                "leave the size out"
            )
        return None
    family = FAMILIES[config.family]
    if config.size and config.size not in family.sizes:
        accepted = ", ".join(family.sizes) or "none, it has one size; give vocoder.sizes"
        raise ConfigError(f"vocoder.size is {config.size!r}; accepted for {config.family}: {accepted}")
    named: Sizes = family.sizes[config.size] if config.size else family.config()
    framing = {name: value for name, value in _framing(mel).items() if name in type(named).__struct_fields__}
    sizes: Sizes = family.config.check(named.fields() | framing | config.sizes, "vocoder.sizes")
    check_frames(sizes, mel)
    return sizes


def check_frames(sizes: Sizes, mel: MelConfig) -> None:
    """Refuse a vocoder whose frames are not those of the features.

    Raises
    ------
    ConfigError
        Names what differs.
    """
    if sizes.hop_length != mel.hop_length:
        raise ConfigError(
            f"a frame of the vocoder is {sizes.hop_length} samples, one of the features is {mel.hop_length}; give vocoder.sizes "
            "that fit"
        )
    for name, value in _framing(mel).items():
        own = getattr(sizes, name, value)
        if own != value:
            raise ConfigError(f"vocoder.sizes.{name} is {own}, and it is {value} in the features; leave it out")


def build_generator(config: VocoderConfig, mel: MelConfig, base: Vocoder | None = None, seed: int = 0) -> Vocoder:
    """Build a vocoder as it is trained, weights by norm and direction where its family learns so.

    Parameters
    ----------
    config : VocoderConfig
        Family and sizes.
    mel : MelConfig
        Of the features.
    base : Vocoder or None
        That of the base voice, which is copied when the family is ``base``; ``config.sizes`` may change what no weight depends
        on, such as the ``steady_noise`` of a source-filter vocoder.
    seed : int
        Of the random weights of a new one.

    Raises
    ------
    ConfigError
        As of `vocoder_sizes`; or there is no base voice.
    """
    sizes = vocoder_sizes(config, mel)
    if sizes is None:
        if base is None:
            raise ConfigError(f"vocoder.family is {BASE} and there is no base voice; accepted: {', '.join(FAMILIES)}")
        check_frames(base.config, mel)
        net = _changed(base, config.sizes).requires_grad_()
    else:
        torch.manual_seed(seed)
        net = FAMILIES[config.family].net(sizes)
    trainable: Vocoder = vocoder_family(net).trainable(net)
    return trainable


def _changed(base: Vocoder, changes: Mapping[str, Any]) -> Vocoder:
    """Return a copy of a vocoder with other settings but the same weights."""
    if not changes:
        return copy.deepcopy(base)
    family = vocoder_family(base)
    net: Vocoder = family.net(family.config.check(base.config.fields() | dict(changes), "vocoder.sizes"))
    try:
        net.load_state_dict(base.state_dict())
    except RuntimeError:
        raise ConfigError(
            f"vocoder.sizes of the vocoder of the base voice may not change its weights, and {', '.join(changes)} would; name a "
            f"family to train a new one: {', '.join(FAMILIES)}"
        ) from None
    return net


def _framing(mel: MelConfig) -> dict[str, int]:
    """Return the sizes that a vocoder shares with the features, each where its family has it."""
    return {"mels": mel.n_mels, "n_fft": mel.n_fft, "hop_length": mel.hop_length, "sample_rate": mel.sample_rate}
