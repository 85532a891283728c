"""Tensors of a Piper voice out of the graph that it was exported as.

An exporter keeps the names of parameters that reach an operator as they are. A weight whose norm was folded in, or which was
computed from anything else, has a number for a name; but the bias of the same convolution has kept its own, and the node is
called after its layer. What is left over afterwards is counted: a tensor that nobody placed is something that this reader does
not know.

Source: observed on graphs of the original VITS, https://github.com/jaywalnut310/vits (MIT), that the exporter of torch 2.13 wrote
for operator sets 13 to 17 in the way of Piper's export.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from tingshuo.errors import PortError
from tingshuo.port.importers.constants import Constants, attribute

_PREFIX = "model_g."
_PARAMETER = re.compile(r"(?:enc_p|dp|flow|dec|emb_g)\.[\w.]+")
_KEPT = re.compile(r"(?:enc_p\.emb|emb_g)\.weight|.*\.(?:gamma|beta|emb_rel_[kv]|m)")
"""Parameters that reach an operator as they are, and are of no convolution."""
_POINTER = b"version https://git-lfs"
_INPUTS = ("input", "input_lengths", "scales")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a graph holds: tensors by their own names, weight norm folded, and what only its operators tell."""

    tensors: dict[str, NDArray[np.float32]]
    rates: dict[str, Any]
    """``upsample_rates`` and ``block_dilations``."""


def read_graph(path: Path) -> onnx.ModelProto:
    """Read the graph of a voice.

    Raises
    ------
    PortError
        It cannot be read, is no ONNX model, keeps its weights in another file, or is not a whole voice of Piper.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror}") from error
    if data.startswith(_POINTER):
        raise PortError(f"{path}: is a pointer of Git LFS and not the voice itself; run git lfs pull, or download the file")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's errors have no common base below Exception
        raise PortError(f"{path}: is damaged, it cannot be read as a graph: {error}") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise PortError(f"{path}: keeps its weights in a file of their own; import the voice as one file or its .ckpt")
    held = {tensor.name for tensor in model.graph.initializer}  # old files list these too
    inputs = tuple(value.name for value in model.graph.input if value.name not in held)
    if {"z", "y_mask"} <= set(inputs) or {"z", "y_mask"} <= {value.name for value in model.graph.output}:
        raise PortError(
            f"{path}: is one half of an export in two parts (encoder.onnx, decoder.onnx); import the .ckpt of the voice"
        )
    if inputs[:3] != _INPUTS or inputs[3:] not in ((), ("sid",)):
        raise PortError(f"{path}: takes {', '.join(inputs)}; a voice of Piper takes {', '.join(_INPUTS)} and sid")
    return model


def recover(model: onnx.ModelProto) -> Recovered:
    """Find every tensor of a voice in its graph.

    Raises
    ------
    PortError
        A weight has no name that can be told, or a tensor of the graph is none of the voice's.
    """
    constants = Constants(model.graph, model.opset_import)
    places = _kept(constants) | _convolutions(model.graph, constants) | _deviations(model.graph, constants)
    values = constants.values(dict.fromkeys(places.values()))
    tensors = {name: _tensor(name, values[place]) for name, place in places.items()}
    _check_rest(constants, places.values())
    return Recovered(tensors, _rates(model.graph, constants))


def _bare(name: str) -> str:
    return name.removeprefix(_PREFIX)


def _kept(constants: Constants) -> dict[str, str]:
    return {_bare(name): name for name in constants.names() if _PARAMETER.fullmatch(_bare(name)) and _KEPT.fullmatch(_bare(name))}


def _convolutions(graph: onnx.GraphProto, constants: Constants) -> dict[str, str]:
    """Return weights and biases of convolutions, by the names of their layers."""
    places: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            stem = _stem(node, constants)
            for part, place in zip(("weight", "bias"), node.input[1:], strict=False):
                if f"{stem}.{part}" in places:
                    raise PortError(f"its layer {stem} is there twice")
                places[f"{stem}.{part}"] = place
    return places


def _stem(node: onnx.NodeProto, constants: Constants) -> str:
    """Return the name of a convolution's layer: that of its bias or its weight, or what the node itself is called after."""
    if not all(constants.has(place) for place in node.input[1:]):
        raise PortError(f"the weight of {node.name or node.op_type} is not fixed, so it is no layer of VITS")
    for place in reversed(node.input[1:]):
        name = _bare(place)
        if _PARAMETER.fullmatch(name) and name.endswith((".weight", ".bias")):
            return name.rpartition(".")[0]
    called = _bare(node.name.strip("/").rpartition("/")[0].replace("/", "."))
    if _PARAMETER.fullmatch(called):
        return called
    raise PortError(f"of {node.name or node.op_type} cannot be told which layer it is")


def _deviations(graph: onnx.GraphProto, constants: Constants) -> dict[str, str]:
    """Return where the deviation of the last step of the durations lies: its logarithm, as exp(-logs), in whatever was folded."""
    shifted = {
        output for node in graph.node if node.op_type == "Sub" and _bare(node.input[1]).endswith(".m") for output in node.output
    }
    for node in graph.node:
        if node.op_type == "Mul" and set(node.input) & shifted:
            (place,) = (name for name in node.input if name not in shifted)
            if constants.has(place):
                return {"dp.flows.0.logs": place}
    return {}


def _tensor(name: str, value: NDArray[Any]) -> NDArray[np.float32]:
    numbers: NDArray[Any] = value.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        numbers = -np.log(numbers) if name.endswith(".logs") else numbers
    if not np.isfinite(numbers).all():
        raise PortError(f"its {name} is not finite")
    return numbers


def _check_rest(constants: Constants, placed: Iterable[str]) -> None:
    """Refuse a graph with numbers that have no place; single ones are constants of formulas."""
    used = constants.sources(placed)
    rest = [name for name, tensor in constants.initializers.items() if name not in used and _is_weight(tensor)]
    if rest:
        raise PortError(f"{len(rest)} of its tensors have no place in the net: {', '.join(rest[:5])}")


def _is_weight(tensor: onnx.TensorProto) -> bool:
    is_float = tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    return is_float and numpy_helper.to_array(tensor).size > 1


def _rates(graph: onnx.GraphProto, constants: Constants) -> dict[str, Any]:
    """Return rates of upsamplings and dilations of residual blocks, which only attributes tell."""
    strides: dict[int, int] = {}
    dilations: dict[int, dict[int, int]] = {}
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose"):
            continue
        stem = _stem(node, constants)
        if found := re.fullmatch(r"dec\.ups\.(\d+)", stem):
            strides[int(found[1])] = attribute(node, "strides", [1])[0]
        elif found := re.fullmatch(r"dec\.resblocks\.(\d+)\.convs1?\.(\d+)", stem):
            dilations.setdefault(int(found[1]), {})[int(found[2])] = attribute(node, "dilations", [1])[0]
    rows = [[row[layer] for layer in sorted(row)] for _, row in sorted(dilations.items())]
    blocks = len(rows) // max(1, len(strides))
    if any(rows[number] != rows[number % blocks] for number in range(len(rows))):
        raise PortError("the residual blocks of its stages are not alike")
    return {"upsample_rates": [strides[stage] for stage in sorted(strides)], "block_dilations": rows[:blocks]}


def with_noise_given(model: onnx.ModelProto) -> tuple[bytes, tuple[str, ...]]:
    """Return a graph whose draws of noise are inputs, and the names of these inputs, in the order in which they were drawn."""
    given = onnx.ModelProto()
    given.CopyFrom(model)
    drawn = [node for node in given.graph.node if node.op_type in ("RandomNormal", "RandomNormalLike")]
    for node in drawn:
        given.graph.node.remove(node)
        given.graph.input.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, [None, None, None]))
    return given.SerializeToString(), tuple(node.output[0] for node in drawn)
