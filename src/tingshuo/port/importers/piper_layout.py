"""Sizes of a Piper voice as its tensors and its settings tell them, and its tensors' names as ours.

Most sizes can be seen in shapes. Rates of upsamplings and dilations cannot: a training's checkpoint states them, and in an
exported graph they are attributes of the convolutions.

Facts: the tensors of the original VITS, https://github.com/jaywalnut310/vits at 2e561ba (MIT), of which Piper's are made.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tingshuo.errors import ConfigError, PortError
from tingshuo.models.vits.config import REACH, VitsConfig
from tingshuo.port.importers.keys import Rule

Shapes = Mapping[str, tuple[int, ...]]

TRAINING_ONLY = ("enc_q.", "dp.post_", "dp.flows.1.")
"""Parts of the net that speaking does not use: the posterior encoders, and the step of the durations that is skipped."""
_PIPER = {
    "latent": "inter_channels", "dim": "hidden_channels", "encoder_hidden": "filter_channels", "heads": "n_heads",
    "encoder_layers": "n_layers", "encoder_kernel": "kernel_size", "channels": "upsample_initial_channel",
    "upsample_kernels": "upsample_kernel_sizes", "block_kernels": "resblock_kernel_sizes", "symbols": "num_symbols",
    "sample_rate": "sample_rate",
}  # fmt: skip
"""What a checkpoint states and its tensors or the settings beside it show, in our words and in Piper's."""


def stated_rates(path: Path, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tensors do not show, from the settings that a checkpoint states.

    Raises
    ------
    PortError
        One is missing or is no list of numbers.
    """
    names = {"upsample_rates": "upsample_rates", "block_dilations": "resblock_dilation_sizes"}
    missing = [theirs for theirs in names.values() if theirs not in stated]
    if missing:
        raise PortError(
            f"{path}: does not state {missing[0]}, so its decoder cannot be built; a checkpoint of Piper's trainer does"
        )
    return {ours: stated[theirs] for ours, theirs in names.items()}


def config_of(path: Path, shapes: Shapes, rates: Mapping[str, Any], sample_rate: int) -> VitsConfig:
    """Return the sizes of a voice.

    Parameters
    ----------
    path : Path
        For messages.
    shapes : mapping
        Of the tensors by their own names, weight norm folded.
    rates : mapping
        ``upsample_rates`` and ``block_dilations``.
    sample_rate : int
        Hz.

    Raises
    ------
    PortError
        A tensor is missing, or the sizes are none that the net can have.
    """

    def size(name: str, axis: int) -> int:
        if name not in shapes or len(shapes[name]) <= axis:
            raise PortError(f"{path}: has no tensor {name!r}, which every voice of Piper has, so it is not whole")
        return shapes[name][axis]

    def count(pattern: str) -> int:
        return len({found[1] for name in shapes if (found := re.match(pattern, name))})

    stages = count(r"dec\.ups\.(\d+)\.")
    blocks = count(r"dec\.resblocks\.(\d+)\.") // max(1, stages)
    stochastic = "dp.flows.0.m" in shapes
    durations = _durations(size, count) if stochastic else {"duration_kernel": size("dp.conv_1.weight", 2)}
    first_block = (
        "dec.resblocks.{}.convs1.0.weight" if "dec.resblocks.0.convs1.0.weight" in shapes else "dec.resblocks.{}.convs.0.weight"
    )
    sizes = {
        "sample_rate": sample_rate,
        "symbols": size("enc_p.emb.weight", 0),
        "speakers": size("emb_g.weight", 0) if "emb_g.weight" in shapes else 1,
        "speaker_dim": size("emb_g.weight", 1) if "emb_g.weight" in shapes else 0,
        "latent": size("enc_p.proj.weight", 0) // 2,
        "dim": size("enc_p.emb.weight", 1),
        "heads": size("enc_p.emb.weight", 1) // max(1, size("enc_p.encoder.attn_layers.0.emb_rel_k", 2)),
        "encoder_layers": count(r"enc_p\.encoder\.attn_layers\.(\d+)\."),
        "encoder_hidden": size("enc_p.encoder.ffn_layers.0.conv_1.weight", 0),
        "encoder_kernel": size("enc_p.encoder.ffn_layers.0.conv_1.weight", 2),
        "stochastic": stochastic,
        "duration_dim": size("dp.pre.weight" if stochastic else "dp.conv_1.weight", 0),
        **durations,
        "flow_steps": count(r"flow\.flows\.(\d+)\."),
        "flow_layers": count(r"flow\.flows\.0\.enc\.in_layers\.(\d+)\."),
        "flow_kernel": size("flow.flows.0.enc.in_layers.0.weight", 2),
        "channels": size("dec.conv_pre.weight", 0),
        "upsample_kernels": tuple(size(f"dec.ups.{stage}.weight", 2) for stage in range(stages)),
        "block_kind": 1 if "convs1" in first_block else 2,
        "block_kernels": tuple(size(first_block.format(block), 2) for block in range(blocks)),
        **rates,
    }
    try:
        config = VitsConfig.check(sizes, "its sizes")
    except ConfigError as error:
        raise PortError(f"{path}: is damaged, {error}") from error
    _check(path, config, size("enc_p.encoder.attn_layers.0.emb_rel_k", 1), size("enc_p.encoder.attn_layers.0.emb_rel_k", 0))
    return config


def _durations(size: Any, count: Any) -> dict[str, int]:
    return {
        "duration_kernel": size("dp.convs.convs_sep.0.weight", 2),
        "duration_layers": count(r"dp\.convs\.convs_sep\.(\d+)\."),
        # Of the steps only couplings have tensors, beside the last one run, which has no net; the first coupling is skipped.
        "duration_steps": count(r"dp\.flows\.((?!1\.)\d+)\.pre\."),
        "duration_bins": (size("dp.flows.3.proj.weight", 0) + 1) // 3,
    }


def _check(path: Path, config: VitsConfig, distances: int, tables: int) -> None:
    rates, kernels = config.upsample_rates, config.upsample_kernels
    dilations = [len(row) for row in config.block_dilations]
    odd = (config.encoder_kernel, config.flow_kernel, config.duration_kernel, *config.block_kernels)
    problems = {
        "its upsamplings are not as many as their rates": len(rates) != len(kernels) or not rates,
        "its residual blocks are not as many as their dilations": len(dilations) != len(config.block_kernels) or not dilations,
        "a rate does not fit its kernel": any(
            rate < 1 or kernel < rate or (kernel - rate) % 2 for rate, kernel in zip(rates, kernels, strict=False)
        ),
        "a kernel is even": any(kernel % 2 == 0 for kernel in odd),
        "a dilation is not from 1 to 100": any(not 1 <= one <= 100 for row in config.block_dilations for one in row),
        "its halves or heads do not come out even": bool(
            config.latent % 2 or config.heads < 1 or config.dim % max(1, config.heads) or config.channels % (1 << len(rates))
        ),
        f"its attention has {distances} distances instead of {2 * REACH + 1}": distances != 2 * REACH + 1,
        "every head has distances of its own": tables != 1,
    }  # fmt: skip
    for problem, is_so in problems.items():
        if is_so:
            raise PortError(f"{path}: has sizes that are not supported, {problem}")


def check_stated(path: Path, config: VitsConfig, stated: Mapping[str, Any]) -> None:
    """Refuse a checkpoint that states other sizes than its tensors have, or another sample rate than its settings file.

    Raises
    ------
    PortError
        Lists what differs.
    """
    ours = config.fields()
    wrong = [
        f"{theirs} {stated[theirs]} instead of {list(ours[name]) if isinstance(ours[name], tuple | list) else ours[name]}"
        for name, theirs in _PIPER.items()
        if theirs in stated and _plain(stated[theirs]) != _plain(ours[name])
    ]
    if "resblock" in stated and str(stated["resblock"]) != str(config.block_kind):
        wrong.append(f"resblock {stated['resblock']} instead of {config.block_kind}")
    if wrong:
        raise PortError(f"{path}: its hyper_parameters do not fit it: they say {', '.join(wrong)}")


def _plain(value: Any) -> Any:
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def rules(config: VitsConfig) -> list[Rule]:
    """Return what makes our names of the original ones, weight norm already folded."""
    layer, end = r"enc_p\.encoder\.{}\.(\d+)", r"\.(weight|bias)"
    attention = layer.format("attn_layers")
    found: list[Rule] = [
        (r"enc_p\.emb\.weight", r"encoder.symbols.weight"),
        (rf"enc_p\.proj{end}", r"encoder.prior.\1"),
        (rf"{attention}\.emb_rel_k", r"encoder.layers.\1.attention.distance_keys"),
        (rf"{attention}\.emb_rel_v", r"encoder.layers.\1.attention.distance_values"),
        (r"emb_g\.weight", "speakers.weight"),
    ]
    for theirs, ours in (("q", "query"), ("k", "key"), ("v", "value"), ("o", "out")):
        found.append((rf"{attention}\.conv_{theirs}{end}", rf"encoder.layers.\1.attention.{ours}.\2"))
    for theirs, ours in (("norm_layers_1", "attention_norm"), ("norm_layers_2", "conv_norm")):
        found += _norm_rules(layer.format(theirs), rf"encoder.layers.\1.{ours}")
    for theirs, ours in (("conv_1", "conv_in"), ("conv_2", "conv_out")):
        found.append((rf"{layer.format('ffn_layers')}\.{theirs}{end}", rf"encoder.layers.\1.{ours}.\2"))
    return found + _duration_rules(config, end) + _flow_rules(config, end) + _decoder_rules(config, end)


def _norm_rules(theirs: str, ours: str) -> list[Rule]:
    return [(rf"{theirs}\.gamma", f"{ours}.weight"), (rf"{theirs}\.beta", f"{ours}.bias")]


def _duration_rules(config: VitsConfig, end: str) -> list[Rule]:
    found: list[Rule] = [(rf"dp\.cond{end}", r"duration.speaker.\1")]
    if not config.stochastic:
        found.append((rf"dp\.proj{end}", r"duration.leave.\1"))
        for number in (1, 2):
            found.append((rf"dp\.conv_{number}{end}", rf"duration.convs.{number - 1}.\1"))
            found += _norm_rules(rf"dp\.norm_{number}", f"duration.norms.{number - 1}")
        return found
    found += [(r"dp\.flows\.0\.m", "duration.shift"), (r"dp\.flows\.0\.logs", "duration.log_scale")]
    # Their steps are coupling, turn, coupling, turn ... after the first, which is none of both; 1 is not run backwards.
    places = [(r"dp", "duration")]
    places += [(rf"dp\.flows\.{2 * step + 3}", f"duration.couplings.{step}") for step in range(config.duration_steps)]
    for theirs, ours in places:
        found += [(rf"{theirs}\.pre{end}", rf"{ours}.enter.\1"), (rf"{theirs}\.proj{end}", rf"{ours}.leave.\1")]
        for kind, part in (("sep", "depthwise"), ("1x1", "pointwise")):
            found.append((rf"{theirs}\.convs\.convs_{kind}\.(\d+){end}", rf"{ours}.layers.{part}.\1.\2"))
        for kind, part in (("1", "depthwise_norm"), ("2", "pointwise_norm")):
            found += _norm_rules(rf"{theirs}\.convs\.norms_{kind}\.(\d+)", rf"{ours}.layers.{part}.\1")
    return found


def _flow_rules(config: VitsConfig, end: str) -> list[Rule]:
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


def _decoder_rules(config: VitsConfig, end: str) -> list[Rule]:
    found: list[Rule] = [
        (rf"dec\.conv_pre{end}", r"decoder.first.\1"),
        (rf"dec\.cond{end}", r"decoder.speaker.\1"),
        (rf"dec\.conv_post{end}", r"decoder.last.\1"),
        (rf"dec\.ups\.(\d+){end}", r"decoder.stages.\1.up.\2"),
    ]
    per_stage = len(config.block_kernels)
    for number in range(per_stage * len(config.upsample_rates)):
        ours = f"decoder.stages.{number // per_stage}.blocks.{number % per_stage}"
        found.append((rf"dec\.resblocks\.{number}\.convs1?\.(\d+){end}", rf"{ours}.dilated.\1.\2"))
        found.append((rf"dec\.resblocks\.{number}\.convs2\.(\d+){end}", rf"{ours}.plain.\1.\2"))
    return found
