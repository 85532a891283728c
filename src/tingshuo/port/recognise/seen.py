"""Everything about a file that those who recognise systems may look at, read once and without its weights."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of
from tingshuo.port.recognise.formats import detect
from tingshuo.port.recognise.onnx_head import OnnxHead, read_onnx_head

_TORCH = ("torch zip", "torch legacy", "pickle", "torchscript")
_MAX_HEADER_BYTES = 16 << 20
_MAX_JSON_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """A file.

    ``tensors`` are names (those of a dictionary in a dictionary behind a point) with shapes, ``value`` what else a checkpoint or
    JSON file says, ``onnx`` the outline of a graph, ``refused`` why it was not read further.
    """

    path: Path
    format: str
    tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    value: Any = None
    onnx: OnnxHead | None = None
    refused: str = ""

    @property
    def keys(self) -> frozenset[str]:
        """What stands at the top of a checkpoint or JSON file."""
        return frozenset(map(str, self.value)) if isinstance(self.value, Mapping) else frozenset()

    def has(self, *ends: str) -> bool:
        """Whether each is a tensor's name, or the end of one behind a point."""
        return all(any(name == end or name.endswith(f".{end}") for name in self.tensors) for end in ends)

    def shape(self, end: str) -> tuple[int, ...]:
        """Return the shape of the tensor whose name ends so, empty when there is none."""
        return next((shape for name, shape in self.tensors.items() if name == end or name.endswith(f".{end}")), ())

    def begins(self, start: str) -> bool:
        """Whether a tensor's name, or a part of one behind a point, begins so."""
        return any(name.startswith(start) or f".{start}" in name for name in self.tensors)


def look(path: Path) -> Seen:
    """Look at a file; nothing in it is run, and hostile ones are told in ``refused``.

    Raises
    ------
    PortError
        There is no such file, or it cannot be read.
    """
    try:
        format = detect(path)
        if format in _TORCH:
            return _look_into_checkpoint(path, format)
        if format == "safetensors":
            header = _safetensors_header(path)
            tensors = {name: tuple(row["shape"]) for name, row in header.items() if name != "__metadata__"}
            return Seen(path, format, tensors, header.get("__metadata__"))
        if format == "onnx":
            return Seen(path, format, onnx=read_onnx_head(path))
        if format == "json" and path.stat().st_size <= _MAX_JSON_BYTES:
            return Seen(path, format, value=json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Seen(path, format, refused=f"{path}: is damaged: {error}")
    return Seen(path, format)


def _look_into_checkpoint(path: Path, format: str) -> Seen:
    with ExitStack() as opened:
        try:
            checkpoint = opened.enter_context(open_checkpoint(path))
        except PortError as error:
            return Seen(path, format, refused=str(error))
        tensors = {name: tensor.shape for name, tensor in tensors_of(checkpoint.value).items()}
        return Seen(path, format, tensors, _without_tensors(checkpoint.value))


def _without_tensors(value: Any) -> Any:
    """A checkpoint's settings: keys stay, tensors become their shapes, long lists are cut."""
    if isinstance(value, Mapping):
        return {key: _without_tensors(inner) for key, inner in value.items()}
    if isinstance(value, ForeignTensor):
        return {"shape": list(value.shape)}
    if isinstance(value, list):
        return [_without_tensors(inner) for inner in value[:1000]]
    return value


def _safetensors_header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MAX_HEADER_BYTES:
            raise ValueError(f"its header has {length} bytes, more than any model needs")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise TypeError("its header is no JSON object")
    return header
