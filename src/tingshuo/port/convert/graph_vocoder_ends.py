"""The ends of a stranger's vocoder, as a contract tells of them, made those that the runtime knows (`tingshuo.tasks.vocoder`).

In: ``mel`` (1, n_mels, F), a natural logarithm or as its `MelConfig` says, and ``f0`` (1, F) Hz. Out: ``wav`` (1, F *
hop_length), or ``log_magnitude`` and ``phase`` (1, F, bins).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from tingshuo.config import MelConfig
from tingshuo.errors import ConfigError, EngineError, PortError
from tingshuo.port.convert.graph_ends import Ends
from tingshuo.port.importers.onnx_files import open_whole, outline
from tingshuo.port.importers.vocoder_contract import KINDS, VocoderContract
from tingshuo.types import GraphSpec

Steps = Sequence[tuple[str, Any]]
GRAPH = "vocoder"
LEAST_MAGNITUDE = 1e-9
"""Of a bin, before its logarithm."""
_FLOATS = ("float32", "float16", "float64", "tensor(double)")
_TINY = 1e-30
_TRIED_FRAMES = 33


def with_our_ends(model: onnx.ModelProto, told: VocoderContract, mel: MelConfig, contract: str) -> onnx.ModelProto:
    """Return a vocoder with the ends that the runtime knows.

    Parameters
    ----------
    model : onnx.ModelProto
        The stranger's, changed in place.
    told : VocoderContract
        What is told of it.
    mel : MelConfig
        What it reads.
    contract : str
        What the contract is called in messages.

    Raises
    ------
    ConfigError
        The contract names what the graph has not, or leaves open what the graph does not show.
    PortError
        The graph cannot be opened or run.
    """
    spec = open_whole(model, GRAPH).spec
    weights = {tensor.name for tensor in model.graph.initializer}
    spec = GraphSpec({name: value for name, value in spec.inputs.items() if name not in weights}, spec.outputs)
    _check_names(spec, told, contract)
    theirs = told.inputs.mel or _only(spec, told, contract)
    outputs = _outputs(spec, told, contract)
    scaling, layout = _scaling(told, mel, contract), _layout(spec, theirs, told, mel, contract)
    pitch = None if told.inputs.f0 is None else _pitch_layout(spec, told.inputs.f0, contract)
    ends = Ends(model)
    for name, value in told.values.items():
        ends.fix(name, value)
    ends.take(theirs, "mel", [1, mel.n_mels, "frames"], [*scaling, *layout])
    if told.inputs.f0 is not None and pitch is not None:
        ends.take(told.inputs.f0, "f0", [1, "frames"], pitch)
    if "wav" in outputs:
        loudness = [("Mul", 1 / told.full_scale)] if told.full_scale != 1 else []
        ends.give(outputs["wav"], "wav", [1, "samples"], [*loudness, ("Reshape", (1, -1))])
        return _padded(ends.finish(), mel, ends.stem)
    _transform(ends, spec, outputs, mel, contract)
    return ends.finish()


def _check_names(spec: GraphSpec, told: VocoderContract, contract: str) -> None:
    named = [("inputs", name, spec.inputs) for name in (told.inputs.mel, told.inputs.f0) if name is not None]
    named += [("outputs", name, spec.outputs) for name in told.outputs.values()]
    named += [("values", name, spec.inputs) for name in told.values]
    for where, name, known in named:
        if name not in known:
            side = "output" if where == "outputs" else "input"
            raise ConfigError(f"{contract}: {where}: the graph has no {side} {name!r}; it has: {', '.join(known)}")


def _only(spec: GraphSpec, told: VocoderContract, contract: str) -> str:
    """Return the input that a contract need not name."""
    left = [name for name in spec.inputs if name not in told.values and name != told.inputs.f0]
    if len(left) != 1:
        raise ConfigError(f"{contract}: inputs: does not say which one is the mel; the graph has {outline(spec)}")
    return left[0]


def _outputs(spec: GraphSpec, told: VocoderContract, contract: str) -> Mapping[str, str]:
    """Return our names of outputs to theirs."""
    if not told.outputs and len(spec.outputs) == 1:
        return {"wav": next(iter(spec.outputs))}
    if set(told.outputs) not in KINDS:
        known = "; ".join(", ".join(sorted(kind)) for kind in KINDS)
        said = ", ".join(told.outputs) or "nothing"
        raise ConfigError(
            f"{contract}: outputs: names {said}; a vocoder makes one of these: {known}; the graph has {outline(spec)}"
        )
    return told.outputs


def _scaling(told: VocoderContract, mel: MelConfig, contract: str) -> Steps:
    """What makes of a natural logarithm what the graph was trained with."""
    if told.log != "e" and mel.levels_db is not None:
        raise ConfigError(f"{contract}: log: a mel in levels_db has no other logarithm; leave one of them out")
    values = {"mean": np.array(told.mean, np.float64), "deviation": np.array(told.deviation, np.float64)}
    for name, value in values.items():
        if (
            value.shape not in ((), (mel.n_mels,))
            or not np.isfinite(value).all()
            or (name == "deviation" and not (value > 0).all())
        ):
            positive = ", above 0" if name == "deviation" else ""
            raise ConfigError(f"{contract}: {name}: must be one number or {mel.n_mels} of them{positive}; it has {value.size}")
    base = 1.0 if told.log == "e" else math.log(float(told.log))
    factor = np.reshape(1 / (base * values["deviation"]), (-1, 1))
    offset = np.reshape(-values["mean"] / values["deviation"], (-1, 1))
    steps: list[tuple[str, Any]] = [("Mul", factor)] if (factor != 1).any() else []
    return [*steps, ("Add", offset)] if offset.any() else steps


def _layout(spec: GraphSpec, name: str, told: VocoderContract, mel: MelConfig, contract: str) -> Steps:
    """What makes of (1, n_mels, F) what the graph takes."""
    dtype, shape = spec.inputs[name]
    if dtype not in _FLOATS:
        raise ConfigError(f"{contract}: inputs: {name!r} is {dtype}, and a mel has fractions; another input is the mel")
    layout = told.layout or _seen(shape, mel.n_mels)
    if layout is None:
        shown = ", ".join(map(str, shape))
        raise ConfigError(
            f"{contract}: layout: the graph does not show how a mel lies in {name} [{shown}]; say bmf or bfm, for example"
        )
    if len(layout) != len(shape):
        raise ConfigError(f"{contract}: layout: {layout} has {len(layout)} axes, and {name!r} has {len(shape)}")
    for axis, size in zip(layout, shape, strict=True):
        if axis == "m" and isinstance(size, int) and size != mel.n_mels:
            raise ConfigError(f"{contract}: mel: has {mel.n_mels} bands, and the graph's {name!r} has {size}")
        if axis == "f" and isinstance(size, int):
            raise ConfigError(
                f"{contract}: the graph's {name!r} always has {size} frames, and speech has any number; export it with a free "
                "length"
            )
    turned: list[tuple[str, Any]] = [("Transpose", (0, 2, 1))] if layout.index("f") < layout.index("m") else []
    sizes = {"b": 1, "1": 1, "m": mel.n_mels, "f": -1}
    return [*turned, *([("Reshape", [sizes[axis] for axis in layout])] if len(layout) != 3 else [])]


def _seen(shape: Sequence[int | str], n_mels: int) -> str | None:
    """Return the layout that a shape shows by the number of bands; None where it shows none, or two."""
    known = {2: ("mf", "fm"), 3: ("bmf", "bfm"), 4: ("b1mf", "b1fm")}.get(len(shape), ())
    fits = [layout for layout in known if shape[layout.index("m")] == n_mels and shape[layout.index("f")] != n_mels]
    return fits[0] if len(fits) == 1 else None


def _pitch_layout(spec: GraphSpec, name: str, contract: str) -> Steps:
    dtype, shape = spec.inputs[name]
    if dtype not in _FLOATS:
        raise ConfigError(f"{contract}: inputs: f0: {name!r} is {dtype}, and F0 is told in Hz with fractions")
    rank = len(shape)
    if rank not in (1, 2, 3):
        raise ConfigError(f"{contract}: inputs: f0: {name!r} has {rank} axes, and F0 has one value a frame")
    if rank == 3:
        return [("Reshape", (1, -1, 1) if shape[2] == 1 else (1, 1, -1))]
    return [("Reshape", (-1,))] if rank == 1 else []


def _transform(ends: Ends, spec: GraphSpec, outputs: Mapping[str, str], mel: MelConfig, contract: str) -> None:
    """Give log magnitude and phase of what is made."""
    bins = mel.n_fft // 2 + 1
    made = {}
    for ours, theirs in outputs.items():
        shape = spec.outputs[theirs][1]
        if len(shape) != 3:
            raise ConfigError(
                f"{contract}: outputs: {theirs!r} has {len(shape)} axes, and a transform has 3: batch, bins, frames"
            )
        turned = [("Transpose", (0, 2, 1))] if shape[2] != bins else []
        made[ours] = ends.made(theirs, turned)
    rows: list[int | str] = [1, "frames", bins]
    if "magnitude" in made:
        least = ends.constant("least", np.array(LEAST_MAGNITUDE, np.float32))
        nodes = [
            helper.make_node("Max", [made["magnitude"], least], [f"{ends.stem}above"]),
            helper.make_node("Log", [f"{ends.stem}above"], ["log_magnitude"]),
        ]
        ends.compute(nodes, "log_magnitude", rows)
    else:
        ends.compute([helper.make_node("Identity", [made["log_magnitude"]], ["log_magnitude"])], "log_magnitude", rows)
    angle = (
        _angle(ends, made["cos"], made["sin"]) if "cos" in made else [helper.make_node("Identity", [made["phase"]], ["phase"])]
    )
    ends.compute(angle, "phase", rows)


def _angle(ends: Ends, cos: str, sin: str) -> list[onnx.NodeProto]:
    """Return what computes the angle of a cosine and a sine: twice the arc tangent of its half.

    That is sin / (1 + cos) in the right half of the plane and (1 - cos) / sin in the left one, where the first is inexact.
    """
    numbers = {"zero": 0.0, "tiny": _TINY, "two": 2.0}
    zero, tiny, two = (ends.constant(name, np.array(value, np.float32)) for name, value in numbers.items())
    stem = f"{ends.stem}angle"
    steps = [
        ("Mul", [cos, cos], "x2"),
        ("Mul", [sin, sin], "y2"),
        ("Add", [f"{stem}/x2", f"{stem}/y2"], "r2"),
        ("Sqrt", [f"{stem}/r2"], "r"),
        ("Add", [f"{stem}/r", cos], "right"),
        ("Add", [f"{stem}/right", tiny], "right_safe"),
        ("Div", [sin, f"{stem}/right_safe"], "tan_right"),
        ("Sub", [f"{stem}/r", cos], "left"),
        ("Div", [f"{stem}/left", sin], "tan_left"),
        ("Less", [cos, zero], "is_left"),
        ("Where", [f"{stem}/is_left", f"{stem}/tan_left", f"{stem}/tan_right"], "tan"),
        ("Atan", [f"{stem}/tan"], "half"),
    ]
    nodes = [helper.make_node(operator, inputs, [f"{stem}/{name}"]) for operator, inputs, name in steps]
    return [*nodes, helper.make_node("Mul", [f"{stem}/half", two], ["phase"])]


def _padded(model: onnx.ModelProto, mel: MelConfig, stem: str) -> onnx.ModelProto:
    """Where the samples reach from the centre of the first frame to that of the last, put half a frame of silence at either end.

    The runtime drops it again: it takes every frame for a hop of samples around its centre.
    """
    if mel.framing != "center":
        return model
    shapes = {value.name: value.type.tensor_type.shape.dim for value in model.graph.input}
    inputs = {
        name: np.zeros([_TRIED_FRAMES if size.dim_param else size.dim_value for size in shape], np.float32)
        for name, shape in shapes.items()
    }
    try:
        samples = open_whole(model, GRAPH).run(inputs)["wav"].size
    except EngineError as error:
        raise PortError(f"it cannot be run on a mel of {mel.n_mels} bands: {' '.join(str(error).split())}") from error
    if samples != (_TRIED_FRAMES - 1) * mel.hop_length:
        return model
    graph = model.graph
    maker = next(node for node in graph.node if "wav" in node.output)
    maker.output[:] = [f"{stem}centred" if name == "wav" else name for name in maker.output]
    halves = [np.zeros((1, size), np.float32) for size in (mel.hop_length // 2, mel.hop_length - mel.hop_length // 2)]
    names = []
    for side, half in zip(("before", "behind"), halves, strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(half, f"{stem}{side}"))
        names.append(f"{stem}{side}")
    graph.node.append(helper.make_node("Concat", [names[0], f"{stem}centred", names[1]], ["wav"], axis=1))
    return model
