"""Sizes of an RVC voice as its tensors and its config tell them, and its tensors' names as ours.

Nearly every size can be seen in a shape. Rates of upsamplings cannot, but of the presets no two have the same kernels, except 32
and 48 kHz of version 1, and these differ in the kernel of the first source convolution (64 and 96) and in the spectrum that the
training saw (513 and 1025 bins).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingshuo.errors import ConfigError, PortError
from tingshuo.models.rvc.config import FRAMES_PER_S, PRESETS, RvcConfig
from tingshuo.port.importers.keys import Rule

Shapes = Mapping[str, tuple[int, ...]]

_ORDER = (
    "spec_channels", "segment_size", "latent", "dim", "encoder_hidden", "heads", "encoder_layers", "encoder_kernel", "p_dropout",
    "resblock", "block_kernels", "block_dilations", "upsample_rates", "channels", "upsample_kernels", "speakers", "speaker_dim",
    "sample_rate",
)  # fmt: skip
"""Of the list that a small file has, in our words."""
_OF_TRAINING = ("spec_channels", "segment_size", "p_dropout", "resblock")
_DILATIONS = (1, 3, 5)
_SPECTRUM = {24000: 513, 32000: 513, 40000: 1025, 48000: 1025}
"""Bins that each sample rate is trained with."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file says of itself beside its tensors; None where it is silent."""

    config: Sequence[Any] | None
    version: str | None
    pitched: bool | None
    sample_rate: int | None
    spectrum: int | None
    """Bins of the part that only training needs."""


def rate_of(said: object) -> int | None:
    """Return a sample rate in Hz: RVC says ``40k``, Applio 40000; None where it is neither."""
    if isinstance(said, str) and (found := re.fullmatch(r"(\d+)(k?)", said.strip().lower())):
        return int(found[1]) * (1000 if found[2] else 1)
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def config_of(path: Path, shapes: Shapes, labels: Labels) -> tuple[RvcConfig, tuple[str, ...]]:
    """Return the sizes of a voice, and what people should know about where they come from.

    Parameters
    ----------
    path : Path
        For messages.
    shapes : mapping
        Of the tensors by their own names, norms as ``weight_g`` and ``weight_v``.
    labels : Labels
        What the file says.

    Raises
    ------
    PortError
        A tensor is missing, the config is not one of RVC's or says other sizes than the tensors have, or the rates cannot be
        told.
    """
    seen = _seen(path, shapes)
    if labels.config is not None:
        stated = _stated(path, labels.config)
        config, remarks = _agreed(path, seen, stated), []
    else:
        preset = _preset(path, seen, shapes, labels)
        known = PRESETS[preset]
        config = seen.replace(sample_rate=known.sample_rate, upsample_rates=known.upsample_rates)
        remarks = [f"the file does not state its sizes; its tensors are those of {config.sample_rate} Hz, {version_of(config)}"]
    _check(path, config)
    return config, (*remarks, *_wrong(labels, config))


def _seen(path: Path, shapes: Shapes) -> RvcConfig:
    """Return what the shapes tell; rates and the sample rate are the default's, dilations those of all presets."""

    def size(name: str, axis: int) -> int:
        if name not in shapes or len(shapes[name]) <= axis:
            raise PortError(f"{path}: has no tensor {name!r}, which every voice of RVC has, so it is not whole")
        return shapes[name][axis]

    def count(pattern: str) -> int:
        return len({found[1] for name in shapes if (found := re.match(pattern, name))})

    stages = count(r"dec\.ups\.(\d+)\.")
    blocks = count(r"dec\.resblocks\.(\d+)\.") // max(1, stages)
    dim = size("enc_p.emb_phone.weight", 0)
    return RvcConfig(
        content_dim=size("enc_p.emb_phone.weight", 1),
        pitched="enc_p.emb_pitch.weight" in shapes,
        speakers=size("emb_g.weight", 0),
        speaker_dim=size("emb_g.weight", 1),
        latent=size("enc_p.proj.weight", 0) // 2,
        dim=dim,
        heads=dim // max(1, size("enc_p.encoder.attn_layers.0.emb_rel_k", 2)),
        encoder_layers=count(r"enc_p\.encoder\.attn_layers\.(\d+)\."),
        encoder_hidden=size("enc_p.encoder.ffn_layers.0.conv_1.weight", 0),
        encoder_kernel=size("enc_p.encoder.ffn_layers.0.conv_1.weight", 2),
        flow_steps=count(r"flow\.flows\.(\d+)\."),
        flow_layers=count(r"flow\.flows\.0\.enc\.in_layers\.(\d+)\."),
        channels=size("dec.conv_pre.weight", 0),
        upsample_kernels=tuple(size(f"dec.ups.{stage}.weight_v", 2) for stage in range(stages)),
        block_kernels=tuple(size(f"dec.resblocks.{block}.convs1.0.weight_v", 2) for block in range(blocks)),
        block_dilations=tuple(_DILATIONS[: count(rf"dec\.resblocks\.{block}\.convs1\.(\d+)\.")] for block in range(blocks)),
    )


def _stated(path: Path, listed: Sequence[Any]) -> RvcConfig:
    if len(listed) != len(_ORDER):
        raise PortError(f"{path}: its config has {len(listed)} values, RVC's has {len(_ORDER)}")
    fields = dict(zip(_ORDER, listed, strict=True)) | {"sample_rate": rate_of(listed[-1])}
    if str(fields["resblock"]) != "1":
        raise PortError(f"{path}: its decoder has residual blocks of kind {fields['resblock']!r}; only kind '1' is supported")
    try:
        return RvcConfig.check({name: value for name, value in fields.items() if name not in _OF_TRAINING}, "config")
    except ConfigError as error:
        raise PortError(f"{path}: is damaged, its {error}") from error


def _agreed(path: Path, seen: RvcConfig, stated: RvcConfig) -> RvcConfig:
    """Return both together; rows of the speaker table are always those of the tensors, as its loaders have it too."""
    invisible = {name: getattr(stated, name) for name in ("sample_rate", "upsample_rates", "block_dilations")}
    free = {name: getattr(seen, name) for name in ("content_dim", "pitched", "speakers", "flow_steps", "flow_layers")}
    config, stated = seen.replace(**invisible), stated.replace(**free)
    ours, theirs = config.fields(), stated.fields()
    wrong = [f"{name} {theirs[name]} instead of {ours[name]}" for name in ours if ours[name] != theirs[name]]
    if wrong:
        raise PortError(f"{path}: its config does not fit its tensors: it says {', '.join(wrong)}")
    return config


def _preset(path: Path, seen: RvcConfig, shapes: Shapes, labels: Labels) -> str:
    """Return the preset that fits what can be seen; version 1 and 2 of one decoder are the same here."""
    first = shapes.get("dec.noise_convs.0.weight", (0, 0, 0))[-1]
    fitting: dict[int, str] = {}
    for name, preset in PRESETS.items():
        fits = preset.upsample_kernels == seen.upsample_kernels
        fits &= not seen.pitched or first == 2 * preset.source_strides[0]
        fits &= labels.spectrum in (None, _SPECTRUM[preset.sample_rate])
        if fits:
            fitting[preset.sample_rate] = name
    if labels.sample_rate in fitting:
        return fitting[labels.sample_rate]
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        rates = " and ".join(map(str, sorted(fitting)))
        raise PortError(
            f"{path}: could be of {rates} Hz and does not say which; use the small file of assets/weights, which does"
        )
    raise PortError(f"{path}: has no config, and its decoder is none of RVC's (kernels {list(seen.upsample_kernels)})")


def _check(path: Path, config: RvcConfig) -> None:
    rates, kernels = config.upsample_rates, config.upsample_kernels
    dilations = [len(row) for row in config.block_dilations]
    problems = {
        "its upsamplings are not as many as their rates": len(rates) != len(kernels) or not rates,
        "its residual blocks are not as many as their dilations": len(dilations) != len(config.block_kernels) or not dilations,
        "a rate does not fit its kernel": any(
            rate < 1 or kernel < rate or (kernel - rate) % 2 for rate, kernel in zip(rates, kernels, strict=False)
        ),
        "an odd rate follows the first upsampling": any(stride % 2 for stride in config.source_strides if stride > 1),
        "a kernel is even": any(kernel % 2 == 0 for kernel in (config.encoder_kernel, *config.block_kernels)),
        "a dilation is not from 1 to 100": any(not 1 <= one <= 100 for row in config.block_dilations for one in row),
        "its halves or heads do not come out even": bool(
            config.latent % 2 or config.heads < 1 or config.dim % max(1, config.heads) or config.channels % (1 << len(rates))
        ),
    }  # fmt: skip
    for problem, is_so in problems.items():
        if is_so:
            raise PortError(f"{path}: has sizes that are not supported, {problem}")
    if config.hop_length * FRAMES_PER_S != config.sample_rate:
        made = config.hop_length * FRAMES_PER_S
        raise PortError(f"{path}: its config says {config.sample_rate} Hz, but its decoder makes {made} samples a second")


def version_of(config: RvcConfig) -> str:
    """Return ``v1`` or ``v2``, which is how many features a content vector has."""
    return "v1" if config.content_dim == PRESETS["40k v1"].content_dim else "v2"


def _wrong(labels: Labels, config: RvcConfig) -> list[str]:
    """Return what labels say wrongly; people type some of them by hand."""
    version, found = version_of(config), []
    if labels.config is not None and labels.version is None and version != "v1":  # RVC takes such a file for version 1
        found.append(f"the file does not say its version; content vectors of {config.content_dim} features are {version}")
    elif labels.version not in (None, version):
        found.append(f"the file is labelled {labels.version}, its tensors are {version}")
    if labels.pitched not in (None, config.pitched):
        found.append(f"the file is labelled as {'using' if labels.pitched else 'not using'} pitch, its tensors are otherwise")
    if labels.sample_rate not in (None, config.sample_rate):
        found.append(f"the file is labelled {labels.sample_rate} Hz, it speaks at {config.sample_rate} Hz")
    return found


def rules(config: RvcConfig) -> list[Rule]:
    """Return what makes our names of the original ones, weight norm already folded."""
    layer, end = r"enc_p\.encoder\.{}\.(\d+)", r"\.(weight|bias)"
    attention = layer.format("attn_layers")
    found: list[Rule] = [
        (rf"enc_p\.emb_phone{end}", r"encoder.content.\1"),
        (r"enc_p\.emb_pitch\.weight", r"encoder.pitch.weight"),
        (rf"enc_p\.proj{end}", r"encoder.prior.\1"),
        (rf"{attention}\.emb_rel_k", r"encoder.layers.\1.attention.distance_keys"),
        (rf"{attention}\.emb_rel_v", r"encoder.layers.\1.attention.distance_values"),
        (rf"dec\.m_source\.l_linear{end}", r"source.mix.\1"),
        (r"emb_g\.weight", "speakers.weight"),
    ]
    for theirs, ours in (("q", "query"), ("k", "key"), ("v", "value"), ("o", "out")):
        found.append((rf"{attention}\.conv_{theirs}{end}", rf"encoder.layers.\1.attention.{ours}.\2"))
    for theirs, ours in (("norm_layers_1", "attention_norm"), ("norm_layers_2", "conv_norm")):
        found.append((rf"{layer.format(theirs)}\.gamma", rf"encoder.layers.\1.{ours}.weight"))
        found.append((rf"{layer.format(theirs)}\.beta", rf"encoder.layers.\1.{ours}.bias"))
    for theirs, ours in (("conv_1", "conv_in"), ("conv_2", "conv_out")):
        found.append((rf"{layer.format('ffn_layers')}\.{theirs}{end}", rf"encoder.layers.\1.{ours}.\2"))
    return found + _flow_rules(config, end) + _decoder_rules(config, end)


def _flow_rules(config: RvcConfig, end: str) -> list[Rule]:
    found: list[Rule] = []
    for step in range(config.flow_steps):  # every other one of theirs only turns the channels round
        theirs, ours = rf"flow\.flows\.{2 * step}", f"flow.couplings.{step}"
        found += [
            (rf"{theirs}\.pre{end}", rf"{ours}.enter.\1"),
            (rf"{theirs}\.post{end}", rf"{ours}.leave.\1"),
            (rf"{theirs}\.enc\.in_layers\.(\d+){end}", rf"{ours}.gated.convs.\1.\2"),
            (rf"{theirs}\.enc\.res_skip_layers\.(\d+){end}", rf"{ours}.gated.ends.\1.\2"),
            (rf"{theirs}\.enc\.cond_layer{end}", rf"{ours}.gated.speaker.\1"),
        ]
    return found


def _decoder_rules(config: RvcConfig, end: str) -> list[Rule]:
    found: list[Rule] = [
        (rf"dec\.conv_pre{end}", r"decoder.first.\1"),
        (rf"dec\.cond{end}", r"decoder.speaker.\1"),
        (rf"dec\.conv_post{end}", r"decoder.last.\1"),
        (rf"dec\.ups\.(\d+){end}", r"decoder.stages.\1.up.\2"),
        (rf"dec\.noise_convs\.(\d+){end}", r"decoder.stages.\1.source.\2"),
    ]
    per_stage = len(config.block_kernels)
    for number in range(per_stage * len(config.upsample_rates)):
        ours = f"decoder.stages.{number // per_stage}.blocks.{number % per_stage}"
        found.append((rf"dec\.resblocks\.{number}\.convs1\.(\d+){end}", rf"{ours}.dilated.\1.\2"))
        found.append((rf"dec\.resblocks\.{number}\.convs2\.(\d+){end}", rf"{ours}.plain.\1.\2"))
    return found
