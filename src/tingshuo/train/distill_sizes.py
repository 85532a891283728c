"""How small a student is: sizes of a net under bounds on its parameters and its arithmetic.

A student keeps its teacher's features and layers and gives up hidden ones, where that suffices, so that it can begin as the
teacher narrowed (`tingshuo.port.prune`); beyond that, all of it becomes narrower.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import torch

from tingshuo.errors import RequestError, TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.graphs import graphs
from tingshuo.models.fastspeech.net import PLACE_FEATURES, FastSpeech
from tingshuo.models.layers.cost import count_macs, count_parameters
from tingshuo.models.layers.graph import Graph
from tingshuo.train.start import SIZES as CHANGEABLE

PARAMETERS, SPEED = 0.5, 1.3
"""What every student keeps to: at most this share of its teacher's parameters, at least so many times fewer multiplications."""
SIZES = {"small": (PARAMETERS, SPEED), "tiny": (0.25, 2.5)}
"""Size to its bounds, as above."""
WIDTHS = (1.0, 0.75, 0.5, 0.375, 0.25, 0.125)
HIDDEN = (0.75, 0.6, 0.5, 0.4, 0.35, 0.3, 0.28, 0.25, 0.2, 0.15, 0.125)
"""Shares of features and of hidden features, the best first; widths change only when no hidden share suffices. The
decoder keeps the root of the share: its errors are heard at once, and it has a third of the encoder's parameters."""
PHONEMES_PER_S, FRAMES_PER_S = 10, 94
"""Of speech at its usual tempo: what the arithmetic of a second is counted with."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of an acoustic model: ``parameters``, and ``macs``, multiply-accumulates per second of speech."""

    parameters: int
    macs: int


def cost_of(config: FastSpeechConfig) -> Cost:
    """Count what a net of these sizes costs, without making one."""
    with torch.device("meta"):
        net = FastSpeech(config)
        return Cost(count_parameters(net), macs_per_second(graphs(net)))


def macs_per_second(parts: Iterable[Graph]) -> int:
    """Count the multiply-accumulates of graphs for a second of speech."""
    macs = 0
    for graph in parts:
        inputs = []
        for name, example in graph.inputs.items():
            shape = list(example.shape)
            for axis, kind in graph.free.get(name, {}).items():
                shape[axis] = PHONEMES_PER_S if kind == "N" else FRAMES_PER_S
            inputs.append(torch.zeros(shape, dtype=example.dtype))
        macs += count_macs(graph.module, *inputs)
    return macs


def student_config(teacher: FastSpeechConfig, size: str = "small", sizes: Mapping[str, int] | None = None) -> FastSpeechConfig:
    """Choose the sizes of a student.

    Parameters
    ----------
    teacher : FastSpeechConfig
        Of the teacher.
    size : str
        A key of `SIZES`: the largest net of the grid within its bounds.
    sizes : Mapping[str, int] or None
        Exact sizes instead, by name; what is not named is as in the teacher, and the bounds of every student hold.

    Raises
    ------
    RequestError
        An unknown size, or one above the teacher's.
    TrainError
        No size keeps the bounds, or those given do not.
    """
    if size not in SIZES:
        raise RequestError(f"unknown size {size!r}; accepted: {', '.join(SIZES)}", "size")
    before = cost_of(teacher)
    if sizes:
        config = _exact(teacher, sizes)
        after = cost_of(config)
        if not _within(before, after, (PARAMETERS, SPEED)):
            raise TrainError(
                f"a student must have at most half its teacher's parameters and 1/{SPEED} of its multiplications; "
                f"these are {after.parameters / before.parameters:.2f} and {after.macs / before.macs:.2f}; give smaller ones"
            )
        return config
    for config in _candidates(teacher):
        if _within(before, cost_of(config), SIZES[size]):
            return config
    raise TrainError(
        f"the teacher has {before.parameters} parameters and is too small already for a {size} student; publish it as it is"
    )


def largest_within(base: FastSpeechConfig, most: int, size: str, sizes: Mapping[str, int], teacher: str) -> FastSpeechConfig:
    """Choose the sizes of a student whose teacher is of another family: as many parameters as it may have.

    Parameters
    ----------
    base : FastSpeechConfig
        Of the net that the student begins as; none of its sizes is above that net's.
    most : int
        Parameters that it may have.
    size : str
        A key of `SIZES`, for messages; ``most`` says what it means here.
    sizes : Mapping[str, int]
        Exact sizes, see `student_config`.
    teacher : str
        The parameters of the teacher, for messages.

    Raises
    ------
    RequestError
        An unknown size, or one above that of the net that it begins as.
    TrainError
        No size has so few parameters, or those given have more.
    """
    if size not in SIZES:
        raise RequestError(f"unknown size {size!r}; accepted: {', '.join(SIZES)}", "size")
    begun = "that of the voice which it begins as"
    for config in [_exact(base, sizes, begun)] if sizes else [base, *_candidates(base)]:
        if parameters_of(config) <= most:
            return config
    if sizes:
        raise TrainError(
            f"a student must have at most half its teacher's parameters: these sizes have {parameters_of(config)}, and "
            f"{max(most, 0)} are allowed (the teacher has {teacher}); give smaller ones"
        )
    raise TrainError(f"the teacher is too small already for a {size} student, it has {teacher}; publish it as it is")


def parameters_of(config: FastSpeechConfig) -> int:
    """Count the parameters of a net of these sizes, without making one."""
    with torch.device("meta"):
        return count_parameters(FastSpeech(config))


def _within(before: Cost, after: Cost, bounds: tuple[float, float]) -> bool:
    parameters, speed = bounds
    return after.parameters <= parameters * before.parameters and after.macs * speed <= before.macs


def _exact(teacher: FastSpeechConfig, sizes: Mapping[str, int], whose: str = "the teacher's") -> FastSpeechConfig:
    for name, value in sizes.items():
        if name not in CHANGEABLE:
            raise RequestError(f"unknown size {name!r}; accepted: {', '.join(CHANGEABLE)}")
        if not 1 <= value <= getattr(teacher, name):
            raise RequestError(f"{name} is {value}; accepted: 1 to {getattr(teacher, name)}, which is {whose}")
    config = teacher.replace(**sizes)
    if config.dim % (2 * config.heads) or config.dim < PLACE_FEATURES:
        raise RequestError(
            f"dim is {config.dim}; it must be a multiple of {2 * config.heads} (2 x heads), at least {PLACE_FEATURES}"
        )
    for name in ("duration_kernel", "pitch_kernel", "pitch_embedding_kernel"):
        if getattr(config, name) % 2 == 0:
            raise RequestError(f"{name} is {getattr(config, name)}; it must be odd")
    return config


def _candidates(teacher: FastSpeechConfig) -> Iterator[FastSpeechConfig]:
    step = 2 * teacher.heads * (4 if teacher.dim >= 64 * teacher.heads else 1)
    for width, hidden in product(WIDTHS, HIDDEN):
        yield teacher.replace(
            dim=max(PLACE_FEATURES, step, _part(teacher.dim, width, step)),
            encoder_hidden=_part(teacher.encoder_hidden, width * hidden),
            pitch_hidden=_part(teacher.pitch_hidden, width),
            decoder_dim=_part(teacher.decoder_dim, width),
            decoder_hidden=_part(teacher.decoder_hidden, width * math.sqrt(hidden)),
        )


def _part(size: int, share: float, step: int = 0) -> int:
    """Return a share of a size, on a multiple that products are quick with; never more than the size."""
    step = step or (16 if size >= 128 else 4 if size >= 16 else 1)
    return size if share == 1 else min(size, max(step, int(size * share) // step * step))
