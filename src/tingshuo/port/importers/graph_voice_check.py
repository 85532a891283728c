"""Whether a stranger's graphs are what their contract says: every input has a part, every part an input that fits it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

from tingshuo.config.graph_voice import InputsConfig, OutputsConfig, VocoderRoles
from tingshuo.errors import PortError

INTEGERS, FLOATS = ("int64", "int32"), ("float32", "float16", "float64")
_ROW = (1, 2)
_NUMBER = (0, 1, 2)
_INPUTS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "symbols": (INTEGERS, _ROW), "lengths": (INTEGERS, _NUMBER), "speaker": (INTEGERS, _NUMBER), "emotion": (INTEGERS, _NUMBER),
    "tones": (INTEGERS, _ROW), "languages": (INTEGERS, _NUMBER), "noise": (FLOATS, _NUMBER), "length": (FLOATS, _NUMBER),
    "duration_noise": (FLOATS, _NUMBER), "scales": (FLOATS, _ROW), "draws": (("float32",), (1,)),
}  # fmt: skip
"""Part to the types and the numbers of axes that its input may have."""
_OUTPUTS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "wav": (FLOATS, (1, 2, 3, 4)), "mel": (FLOATS, (3,)), "durations": ((*FLOATS, *INTEGERS), (1, 2, 3)),
}  # fmt: skip
_TRANSFORM = ("magnitude", "cos", "sin")


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of a graph."""

    dtype: str
    shape: tuple[int | str, ...] | None
    """A word is a free size; None is not told."""

    def __str__(self) -> str:
        """Return what a message says of it."""
        return self.dtype if self.shape is None else f"{self.dtype} ({', '.join(map(str, self.shape))})"


def inputs_of(model: onnx.ModelProto) -> dict[str, Value]:
    """Return what a graph takes, its weights apart."""
    held = {tensor.name for tensor in model.graph.initializer}
    return {value.name: _value(value) for value in model.graph.input if value.name not in held}


def outputs_of(model: onnx.ModelProto) -> dict[str, Value]:
    """Return what a graph gives."""
    return {value.name: _value(value) for value in model.graph.output}


def check_acoustic(model: onnx.ModelProto, inputs: InputsConfig, outputs: OutputsConfig, where: str) -> None:
    """Compare an acoustic graph with the parts that its inputs and outputs play.

    Parameters
    ----------
    model : onnx.ModelProto
        The graph.
    inputs, outputs : InputsConfig, OutputsConfig
        Of the contract.
    where : str
        What messages begin with.

    Raises
    ------
    PortError
        Something does not fit; the message says what the graph has.
    """
    has, gives = inputs_of(model), outputs_of(model)
    parts = {part: getattr(inputs, part) for part in _INPUTS if getattr(inputs, part)}
    for part, name in parts.items():
        _check(where, "input", part, name, has, *_INPUTS[part])
    fixed = [name for name in inputs.fixed if name not in has]
    if fixed:
        raise PortError(f"{where}: the graph has no input {fixed[0]!r} to be fixed; it has {_listed(has)}")
    shapeless = [name for name in inputs.fixed if has[name].shape is None]
    if shapeless:
        raise PortError(f"{where}: its input {shapeless[0]!r} has no shape, so it cannot be fixed; export it with shapes")
    without = [name for name in has if name not in (*parts.values(), *inputs.fixed)]
    if without:
        raise PortError(
            f"{where}: its input {without[0]!r}, {has[without[0]]}, has no part; name it under inputs as one of "
            f"{', '.join(_INPUTS)}, or give it a number under inputs.fixed"
        )
    _check_vector(where, inputs, has)
    if bool(outputs.wav) == bool(outputs.mel):
        raise PortError(f"{where}: outputs has to name either wav or mel; the graph gives {_listed(gives)}")
    for part in _OUTPUTS:
        if getattr(outputs, part):
            _check(where, "output", part, getattr(outputs, part), gives, *_OUTPUTS[part])


def _check_vector(where: str, inputs: InputsConfig, has: Mapping[str, Value]) -> None:
    if not inputs.scales:
        return
    both = [part for part in inputs.scales_order if getattr(inputs, part)]
    if both:
        raise PortError(f"{where}: {both[0]} is an input of its own and in scales_order too; leave one of them out")
    shape = has[inputs.scales].shape
    size = shape[-1] if shape else "?"
    if isinstance(size, int) and size != len(inputs.scales_order):
        raise PortError(
            f"{where}: its input {inputs.scales!r} holds {size} numbers, scales_order names {len(inputs.scales_order)}"
        )


def check_vocoder(model: onnx.ModelProto, roles: VocoderRoles, where: str) -> None:
    """Compare a vocoder graph with the parts that its input and outputs play.

    Raises
    ------
    PortError
        Something does not fit; the message says what the graph has.
    """
    has, gives = inputs_of(model), outputs_of(model)
    _check(where, "input", "mel", roles.mel, has, FLOATS, (3,))
    without = [name for name in has if name != roles.mel]
    if without:
        raise PortError(f"{where}: a vocoder takes a mel alone, and this one takes {_listed(has)}")
    transform = [part for part in _TRANSFORM if getattr(roles, part)]
    if bool(roles.wav) == bool(transform):
        raise PortError(
            f"{where}: its outputs have to be either wav, or magnitude, cos and sin; the graph gives {_listed(gives)}"
        )
    for part in transform or ("wav",):
        _check(where, "output", part, getattr(roles, part), gives, FLOATS, (3,) if transform else (1, 2, 3, 4))
    if transform:
        _check_transform(where, roles, transform, gives[roles.magnitude] if roles.magnitude else Value("", None))


def _check_transform(where: str, roles: VocoderRoles, transform: list[str], magnitude: Value) -> None:
    missing = [part for part in _TRANSFORM if part not in transform]
    if missing:
        raise PortError(f"{where}: a transform is magnitude, cos and sin, and {missing[0]} is not named")
    overlap = roles.n_fft // roles.hop_length if roles.hop_length else 0
    if overlap < 4 or overlap % 2 or roles.n_fft % roles.hop_length:
        raise PortError(
            f"{where}: a transform of {roles.n_fft} samples every {roles.hop_length} cannot be inverted here: n_fft has to be an "
            "even multiple of hop_length, at least four times as much"
        )
    bins = magnitude.shape[1] if magnitude.shape else "?"
    if isinstance(bins, int) and bins != roles.n_fft // 2 + 1:
        raise PortError(f"{where}: its transform has {bins} bins, and one of {roles.n_fft} samples has {roles.n_fft // 2 + 1}")


def check_bands(
    acoustic: onnx.ModelProto, outputs: OutputsConfig, vocoder: onnx.ModelProto, roles: VocoderRoles, where: str
) -> None:
    """Compare the mel that one graph gives with the mel that the other takes, as far as both tell their bands.

    Raises
    ------
    PortError
        They have other numbers of bands.
    """
    given = bands_of(outputs_of(acoustic)[outputs.mel], frames_first=outputs.frames_first)
    taken = bands_of(inputs_of(vocoder)[roles.mel], frames_first=roles.frames_first)
    if given and taken and given != taken:
        raise PortError(
            f"{where}: the acoustic graph gives {given} mel bands and the vocoder takes {taken}; it needs the vocoder that was "
            "trained for its mel"
        )


def bands_of(value: Value, *, frames_first: bool) -> int:
    """Return the bands of a mel, 0 where its graph does not tell."""
    size = value.shape[2 if frames_first else 1] if value.shape and len(value.shape) == 3 else 0
    return size if isinstance(size, int) else 0


def rows_of(model: onnx.ModelProto, symbols: str) -> int:
    """Return the rows of the table that ids of symbols are looked up in, 0 where that is not seen at once."""
    sizes = {tensor.name: tensor.dims[0] for tensor in model.graph.initializer if tensor.dims}
    same = {symbols}
    for node in model.graph.node:
        if node.op_type in ("Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape") and node.input[0] in same:
            same |= set(node.output)
        if node.op_type == "Gather" and node.input[1] in same and node.input[0] in sizes:
            return int(sizes[node.input[0]])
    return 0


def check_ids(model: onnx.ModelProto, symbols: str, ids: Iterable[int], where: str) -> None:
    """Refuse a table of symbols that is not that of a graph.

    Raises
    ------
    PortError
        It names a row that the graph does not have.
    """
    rows, top = rows_of(model, symbols), max(ids, default=0)
    if rows and top >= rows:
        raise PortError(
            f"{where}: its tokens name id {top}, and the graph has {rows}, 0 to {rows - 1}; they are of another voice"
        )


def _check(
    where: str, what: str, part: str, name: str, has: Mapping[str, Value], dtypes: tuple[str, ...], ranks: tuple[int, ...]
) -> None:
    if name not in has:
        raise PortError(f"{where}: the graph has no {what} {name!r} for {part}; it has {_listed(has)}")
    value = has[name]
    rank = None if value.shape is None else len(value.shape)
    if rank is None and what == "input":
        raise PortError(f"{where}: its input {name!r} has no shape, so it is not known how to give {part}; export it with shapes")
    if value.dtype not in dtypes or (rank is not None and rank not in ranks):
        axes = " or ".join(map(str, ranks))
        raise PortError(
            f"{where}: its {what} {name!r} is {value}, and {part} has to be {' or '.join(dtypes[:2])} with {axes} axes"
            + ("; a graph that takes a vector of a speaker cannot be used" if part == "speaker" and value.dtype in FLOATS else "")
        )


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _value(value: onnx.ValueInfoProto) -> Value:
    kind = value.type.tensor_type
    dtype = "no tensor" if not value.type.HasField("tensor_type") else _dtype(kind.elem_type)
    if not kind.HasField("shape"):
        return Value(dtype, None)
    return Value(dtype, tuple(dim.dim_value or dim.dim_param or "?" for dim in kind.shape.dim))


def _dtype(kind: int) -> str:
    if kind == TensorProto.UNDEFINED or kind == TensorProto.STRING:
        return "text" if kind == TensorProto.STRING else "of no type"
    return str(helper.tensor_dtype_to_np_dtype(kind).name)
