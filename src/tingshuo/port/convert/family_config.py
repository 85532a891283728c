"""A config of ours as a person writes it: what follows from the sizes of its nets is computed, the rest has to be told.

``template`` is what such a file begins as: every key that has to be told, ``FILL_IN`` where it has no default, and all sizes.
"""

import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import msgspec

from tingshuo.audio.mel import HIFIGAN
from tingshuo.config import FamilyConfig, FrameConfig, MelConfig, PersonConfig, StrictModel
from tingshuo.config.families import config_of
from tingshuo.config.family import ONE_STYLE
from tingshuo.errors import ConfigError, RequestError
from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.models.rvc.graphs import decoder_context_frames
from tingshuo.port.families import NETS, sizes
from tingshuo.port.importers.contract import UNFILLED, check, read_document
from tingshuo.port.vocoders import vocoder_family
from tingshuo.port.voice import contexts
from tingshuo.tasks.sambert.model import offered_emotions

Sizes = Mapping[str, Any]
"""Kind of net to its sizes."""
_VOCODER = "+"
"""Stands for the vocoder whose name comes after the ``+`` of the family."""
PUBLISHED = MelConfig(sample_rate=22050, n_mels=80, fmax=8000.0, **HIFIGAN)
"""What the published HiFi-GANs read."""
_VOCODERS = ("hifigan", "kan_hifigan", "source_filter", "vocos")


def _of_vocoder(nets: Sizes) -> dict[str, Any]:
    ((kind, net),) = nets.items()
    return {"vocoder_context_frames": _reach(kind, net), "steady_noise": bool(getattr(net, "steady_noise", False))}


def _reach(kind: str, net: Any) -> int:
    if kind == "kan_hifigan":
        return max(kan_hifigan.vocoder_context_frames(net))
    return vocoder_family(net).context_frames(net)


def _of_fastspeech(nets: Sizes) -> dict[str, Any]:
    vocoder = next(net for kind, net in nets.items() if kind != "fastspeech")
    return contexts(nets["fastspeech"], vocoder)


def _of_conformer(nets: Sizes) -> dict[str, Any]:
    net = nets["conformer"]
    return {"subsampling": net.subsampling, "context_frames": net.context_frames}


def _of_piper(nets: Sizes) -> dict[str, Any]:
    net = nets["vits"]
    frames = FrameConfig(net.sample_rate, net.hop_length).fields()
    return {
        "frames": frames,
        "latent": net.latent,
        "stochastic": net.stochastic,
        "decoder_context_frames": net.decoder_context_frames,
    }


def _of_rvc(nets: Sizes) -> dict[str, Any]:
    net = nets["rvc"]
    return {
        "frames": FrameConfig(net.sample_rate, net.hop_length).fields(),
        "pitched": net.pitched,
        "latent": net.latent,
        "flow_context_frames": net.flow_context_frames,
        "decoder_context_frames": decoder_context_frames(net),
    }


def _of_sambert(nets: Sizes) -> dict[str, Any]:
    acoustic, vocoder = nets["sambert"], nets["kan_hifigan"]
    return {
        "sizes": acoustic.sizes.fields(),
        "harmonics": vocoder.harmonics,
        "vocoder_context_frames": list(kan_hifigan.vocoder_context_frames(vocoder)),
        "emotions": list(offered_emotions()),
    }


def _of_emotivoice(nets: Sizes) -> dict[str, Any]:
    return {"vocoder_context_frames": hifigan.vocoder_context_frames(nets["hifigan"])}


FAMILIES: dict[str, tuple[tuple[str, ...], Callable[[Sizes], dict[str, Any]]]] = {
    "conformer": (("conformer",), _of_conformer),
    "emotivoice": (("emotivoice", "hifigan", "bert"), _of_emotivoice),
    "fastspeech": (("fastspeech", _VOCODER), _of_fastspeech),
    "piper": (("vits",), _of_piper),
    "rvc": (("rvc",), _of_rvc),
    "sambert": (("sambert", "kan_hifigan"), _of_sambert),
    "vocoder": ((_VOCODER,), _of_vocoder),
}
"""The nets of a family, and what of its config follows from their sizes."""


def family_names() -> tuple[str, ...]:
    """Return every family that a config can be written for, as it is spelt: ``vocoder+hifigan``."""
    names = []
    for family, (nets, _) in FAMILIES.items():
        if _VOCODER in nets:
            names += [f"{family}+{kind}" for kind in _VOCODERS if kind in NETS and _has_nets(family, kind)]
        elif all(kind in NETS for kind in nets):
            names.append("+".join((family, *(kind for kind in nets[1:] if kind in _VOCODERS))))
    return tuple(names)


def read_family_config(path: Path) -> FamilyConfig:
    """Read a config that a person wrote.

    Raises
    ------
    ConfigError
        It cannot be read, a key is unknown, missing or wrong, or one does not follow from the sizes of the nets.
    """
    told = read_document(path)
    family = told.get("family")
    nets = net_sizes(family, told.get("architecture", {}), str(path))
    kind = config_of(str(family))
    follows = FAMILIES[str(family).partition("+")[0]][1](nets)
    for key, value in follows.items():
        if key in told and _plain(told[key]) != _plain(value):
            raise ConfigError(
                f"{path}: {key}: is {told[key]}, and the sizes of the nets make it {value}; leave it out: it is computed"
            )
    architecture = {name: value for net, config in nets.items() for name, value in sizes(net, config).items()}
    config = check(kind, told | follows | {"architecture": architecture}, str(path))
    _check_mel(config, nets, path)
    return config


def net_sizes(family: Any, architecture: Any, source: str) -> dict[str, StrictModel]:
    """Return the sizes of the nets of a family, those that are not told as they are by default.

    Raises
    ------
    ConfigError
        There is no such family, or a size is unknown, missing or wrong.
    """
    kinds = _kinds(family, source)
    if not isinstance(architecture, Mapping):
        raise ConfigError(
            f"{source}: architecture: must hold sizes, such as {kinds[0]}.{NETS[kinds[0]].config.__struct_fields__[0]}"
        )
    strange = [key for key in architecture if str(key).partition(".")[0] not in kinds]
    if strange:
        raise ConfigError(
            f"{source}: architecture: there is no net of {strange[0]!r} in {family}; its nets are {', '.join(kinds)}"
        )
    found = {}
    for kind in kinds:
        own = {key.removeprefix(f"{kind}."): value for key, value in architecture.items() if key.startswith(f"{kind}.")}
        found[kind] = check(NETS[kind].config, own, f"{source}: architecture: {kind}")
    return found


def template(family: str) -> dict[str, Any]:
    """Return a config of a family to fill in, as plain data.

    Raises
    ------
    RequestError
        There is no such family; the message lists those there are.
    """
    try:
        kinds = _kinds(family, "")
    except ConfigError as error:
        raise RequestError(str(error).removeprefix(": "), "config") from error
    follows = _derived_keys(family)
    fields = {
        one.name: _example(one)
        for one in msgspec.structs.fields(config_of(family))
        if one.name not in ("family", "architecture", *follows)
    }
    architecture = {f"{kind}.{one.name}": _example(one) for kind in kinds for one in msgspec.structs.fields(NETS[kind].config)}
    if "speakers" in fields and family != "conformer":
        fields["speakers"] = fields["speakers"] or [PersonConfig(UNFILLED, "unspecified").fields()]
        fields["styles"] = fields["styles"] or [one.fields() for one in ONE_STYLE]
    if family == "vocoder+hifigan":
        fields["mel"] = PUBLISHED.fields()
        architecture["hifigan.mels"] = PUBLISHED.n_mels
    return {"family": family, **fields, "architecture": architecture}


def _derived_keys(family: str) -> tuple[str, ...]:
    names = {
        "conformer": ("subsampling", "context_frames"),
        "emotivoice": ("vocoder_context_frames",),
        "fastspeech": ("pitch_context_frames", "decoder_context_frames", "vocoder_context_frames", "steady_noise"),
        "piper": ("frames", "latent", "stochastic", "decoder_context_frames", "emotions"),
        "rvc": ("frames", "pitched", "latent", "flow_context_frames", "decoder_context_frames", "emotions"),
        "sambert": ("sizes", "harmonics", "vocoder_context_frames", "emotions"),
        "vocoder": ("vocoder_context_frames", "steady_noise", "speakers", "styles", "emotions"),
    }
    return names[family.partition("+")[0]]


def _has_nets(family: str, kind: str) -> bool:
    needed = [net for net in FAMILIES[family][0] if net != _VOCODER]
    return all(net in NETS for net in needed) and (family != "fastspeech" or kind != "kan_hifigan")


def _kinds(family: Any, source: str) -> tuple[str, ...]:
    names = family_names()
    if family not in names:
        said = f"the family {family!r} has no nets of ours" if family is not None else "does not say its family"
        raise ConfigError(f"{source}: {said}; accepted: {', '.join(names)}")
    nets, _ = FAMILIES[family.partition("+")[0]]
    return tuple(family.partition("+")[2] if kind == _VOCODER else kind for kind in nets)


def _check_mel(config: FamilyConfig, nets: Sizes, path: Path) -> None:
    """Refuse a vocoder that reads another mel than the config says: it would run, and sound wrong."""
    mel = getattr(config, "mel", None)
    for kind, net in nets.items():
        for ours, theirs in (
            ("hop_length", "hop_length"),
            ("n_mels", "mels"),
            ("n_fft", "n_fft"),
            ("sample_rate", "sample_rate"),
        ):
            value = getattr(net, theirs, None)
            if mel is None or value is None or kind in ("sambert", "emotivoice") or value == getattr(mel, ours):
                continue
            raise ConfigError(
                f"{path}: mel.{ours} is {getattr(mel, ours)}, and the sizes of {kind} make it {value}; one of them is wrong"
            )


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _example(one: Any) -> Any:
    """Return the default of a field as plain data, or what says that it has to be told."""
    if one.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(one.default)
    if one.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(one.default_factory())
    return _unfilled(one.type)


def _unfilled(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, StrictModel):
        return {one.name: _example(one) for one in msgspec.structs.fields(kind)}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _unfilled(arguments[0])
    if origin is tuple:
        return [_unfilled(arguments[0])] if arguments[-1] is Ellipsis else [_unfilled(inner) for inner in arguments]
    if origin is dict:
        return {UNFILLED: _unfilled(arguments[1])}
    return UNFILLED
