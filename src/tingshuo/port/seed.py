"""Weights of the seed voice, renamed to our nets.

The seed's ConvNeXt blocks scale their output per channel (``gamma``); here the scale is multiplied into ``project``.
Its tables hold one row per recorded person, used both as style and as timbre; the caller chooses which rows to keep.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tingshuo.errors import PortError

_ACOUSTIC_NAMES = (
    (r"^phone\.", "phoneme."),
    (r"^word_position\.", "position."),
    (r"^decoder_out\.", "mel."),
    (r"\.in_proj_(weight|bias)$", r".query_key_value.\1"),
    (r"\.out_proj\.", ".out."),
    (r"\.norm_attention\.", ".attention_norm."),
    (r"\.norm_conv\.", ".conv_norm."),
)
_VOCODER_HEADS = ("gain", "phase", "noise_gain")
"""The three parts of the seed vocoder's one output layer, in the order of its rows."""
_DERIVED = {"window"}
"""Tensors that the nets compute themselves."""


@dataclass(frozen=True, slots=True)
class SeedWeights:
    """Tensors by our names, float32, and the log-F0 mean and standard deviation of each person."""

    acoustic: dict[str, NDArray[np.float32]]
    vocoder: dict[str, NDArray[np.float32]]
    log_f0: dict[str, tuple[float, float]]


def read_seed(folder: Path, *, speakers: Sequence[str], styles: Sequence[str]) -> SeedWeights:
    """Read the seed voice.

    Parameters
    ----------
    folder : Path
        Holds ``acoustic.safetensors``, ``vocoder.safetensors`` and ``speakers.json``.
    speakers, styles : Sequence[str]
        People whose rows to keep in the timbre table and in the style table, in this order.

    Raises
    ------
    PortError
        A file is missing or damaged, or a person is unknown.
    """
    try:
        people = json.loads((folder / "speakers.json").read_text("utf-8"))
        acoustic = load_file(folder / "acoustic.safetensors")
        vocoder = load_file(folder / "vocoder.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise PortError(f"{folder}: not a readable seed voice: {error}") from error
    order = list(people)
    unknown = sorted({*speakers, *styles} - set(order))
    if unknown:
        raise PortError(f"{folder}: no such people: {', '.join(unknown)}; known: {', '.join(order)}")
    acoustic["speaker.weight"] = acoustic["speaker.weight"][[order.index(name) for name in speakers]]
    acoustic["style.weight"] = acoustic["style.weight"][[order.index(name) for name in styles]]
    return SeedWeights(
        _rename(_fold_gamma(acoustic), _ACOUSTIC_NAMES),
        _split_heads(_rename(_fold_gamma(vocoder), ())),
        {name: (float(mean), float(std)) for name, (mean, std) in people.items()},
    )


def _fold_gamma(tensors: Mapping[str, NDArray[np.float16]]) -> dict[str, NDArray[np.float32]]:
    folded = {name: tensor.astype(np.float32) for name, tensor in tensors.items() if not name.endswith(".gamma")}
    for name, tensor in tensors.items():
        if name.endswith(".gamma"):
            gamma = tensor.astype(np.float32)
            block = name.removesuffix("gamma")
            folded[block + "project.weight"] *= gamma[:, None]
            folded[block + "project.bias"] *= gamma
    return folded


def _split_heads(tensors: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    for kind in ("weight", "bias"):
        for head, rows in zip(_VOCODER_HEADS, np.split(tensors.pop(f"out.{kind}"), len(_VOCODER_HEADS)), strict=True):
            tensors[f"{head}.{kind}"] = np.ascontiguousarray(rows)
    return tensors


def _rename(tensors: Mapping[str, NDArray[np.float32]], names: Sequence[tuple[str, str]]) -> dict[str, NDArray[np.float32]]:
    renamed = {}
    for name, tensor in tensors.items():
        if name in _DERIVED:
            continue
        for pattern, replacement in names:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed
