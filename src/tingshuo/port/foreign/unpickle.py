"""Read pickles as data: not one name that a file mentions is imported or called.

A pickle is a program that names classes and functions and calls them. Here a name leads to nothing but a stand-in of ours: a
few build tensors, arrays and plain values as the real ones would, every other one becomes an `Inert` that takes whatever is done
to it and remembers what it was called. So a file can be read to its end, and all the names in it can be told; a name that no
weights need ends the reading at once.

Format: https://docs.python.org/3/library/pickletools.html. What torch writes: its ``_rebuild_*`` functions,
https://github.com/pytorch/pytorch/blob/main/torch/_utils.py, and storages as persistent ids.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tingshuo.port.foreign.verdict import is_attack

DTYPES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
"""What torch calls a storage, and the type of its elements as safetensors spells it."""
ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_TORCH_DTYPES = {
    "float64": "F64", "double": "F64", "float32": "F32", "float": "F32", "float16": "F16", "half": "F16", "bfloat16": "BF16",
    "int64": "I64", "long": "I64", "int32": "I32", "int": "I32", "int16": "I16", "short": "I16", "int8": "I8", "uint8": "U8",
    "bool": "BOOL",
}  # fmt: skip
_RENAMED = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
}
"""Modules that other versions of Python and numpy call otherwise."""
_SCRIPTED = "__torch__"
"""What the classes of TorchScript lie in: modules, whose state are their attributes. Their methods are never read."""
_MAX_ARRAY_BYTES = 1 << 30
"""Of an array of numpy that lies inside the pickle itself."""


class AttackError(Exception):
    """A pickle names code that no weights need; its text is the name."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements that lies outside the pickle, under ``key``; ``dtype`` None says that each tensor tells its own."""

    key: str
    dtype: str | None
    n_items: int


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A tensor: a view of a storage, offset and strides in elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Inert:
    """Stands for what a file wanted to be made by code that is not ours; ``name`` is that code's. Nothing done to it stays."""

    __slots__ = ()
    name = ""

    def __new__(cls, *_: object, **__: object) -> "Inert":
        """Take whatever it should be made of."""
        return super().__new__(cls)

    def __call__(self, *_: object, **__: object) -> "Inert":
        """Do nothing."""
        return self

    def __setstate__(self, _: object) -> None:
        """Drop a state."""

    def __setitem__(self, *_: object) -> None:
        """Drop an item."""

    def append(self, _: object) -> None:
        """Drop an element."""

    def extend(self, _: object) -> None:
        """Drop elements."""

    def add(self, _: object) -> None:
        """Drop an element."""


class Maker:
    """A stand-in that builds a value: callable, and nothing of it can be changed by what a pickle does."""

    __slots__ = ("_make", "name")
    _make: Callable[..., Any]
    name: str

    def __init__(self, name: str, make: Callable[..., Any]) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_make", make)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Build."""
        return self._make(*arguments, **named)

    def __setattr__(self, *_: object) -> None:
        """Refuse: a pickle may set attributes of what it names."""
        raise pickle.UnpicklingError(f"sets attributes of {self.name}")


class Reader(pickle.Unpickler):
    """Reads one pickle from a file.

    Parameters
    ----------
    file : BinaryIO
        Positioned at its begin.

    Attributes
    ----------
    names : set of str
        Every ``module.name`` that the pickle mentions and that is not data.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin-1")
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Return our stand-in for a name; nothing is imported."""
        module = _RENAMED.get(module, module)
        full = f"{module}.{name}"
        if module in ("torch", "torch.storage") and name in DTYPES:
            return Maker(full, lambda *_: DTYPES[name])
        if full in ("torch.storage.UntypedStorage", "torch.UntypedStorage"):
            return Maker(full, lambda *_: None)
        if module == "torch" and name in _TORCH_DTYPES:
            return _TORCH_DTYPES[name]
        if full in _CLASSES:
            return _CLASSES[full]
        if full in _MAKERS:
            return Maker(full, _MAKERS[full])
        if module.partition(".")[0] == _SCRIPTED:
            return _Record
        if is_attack(full):
            raise AttackError(full)
        self.names.add(full)
        return type("Inert", (Inert,), {"__slots__": (), "name": full})

    def persistent_load(self, pid: Any) -> Storage:
        """Return the storage of a persistent id: ``("storage", type, key, location, n)``, in old files with a view behind."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise pickle.UnpicklingError(f"a persistent id that is not a storage: {str(pid)[:80]}")
        kind, key, n = pid[1], pid[2], pid[4]
        if not isinstance(kind, Maker) or not isinstance(n, int) or n < 0:
            raise pickle.UnpicklingError(f"a storage of unknown type: {getattr(kind, 'name', kind)}")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError("a storage that is a view of another, as only torch before 0.4 wrote them")
        return Storage(str(key), kind(), n)


def read_pickle(content: bytes) -> tuple[Any, set[str]]:
    """Read a pickle that nothing lies behind; returns its value, and the names in it that are not data."""
    reader = Reader(io.BytesIO(content))
    return reader.load(), reader.names


def _tensor(
    storage: Any, offset: int, shape: Any, strides: Any, requires_grad: Any = False, hooks: Any = None, metadata: Any = None
) -> TensorRef:
    if not isinstance(storage, Storage) or storage.dtype is None:
        raise pickle.UnpicklingError("a tensor without a typed storage")
    return _view(storage, storage.dtype, offset, shape, strides)


def _tensor_v3(
    storage: Any, offset: int, shape: Any, strides: Any, requires_grad: Any, hooks: Any, dtype: Any, metadata: Any = None
) -> TensorRef:
    if not isinstance(storage, Storage) or dtype not in ITEM_BYTES:
        raise pickle.UnpicklingError("a tensor of an unknown type")
    return _view(storage, dtype, offset, shape, strides)


def _view(storage: Storage, dtype: str, offset: Any, shape: Any, strides: Any) -> TensorRef:
    numbers = [offset, *shape, *strides]
    if len(shape) != len(strides) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise pickle.UnpicklingError("a tensor whose shape and strides make no sense")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) if 0 not in shape else -1
    if last >= storage.n_items:
        raise pickle.UnpicklingError("a tensor that reaches beyond its storage")
    return TensorRef(storage, dtype, offset, tuple(shape), tuple(strides))


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _dtype(spec: Any, *_: Any) -> "_Dtype":
    return _Dtype(str(spec))


class _Dtype:
    """A dtype of numpy: pickles give it a state that tells its byte order."""

    __slots__ = ("order", "spec")

    def __init__(self, spec: str) -> None:
        self.spec, self.order = spec, "="

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def real(self) -> "np.dtype[Any]":
        """Return the dtype, of numbers alone."""
        dtype = np.dtype(self.spec).newbyteorder(">" if self.order == ">" else "<")
        if dtype.kind not in "fiub":
            raise pickle.UnpicklingError(f"an array of {self.spec}, which are not numbers")
        return dtype


class _Array:
    """An array of numpy while it is read: first empty, then given its state."""

    __slots__ = ("value",)

    def __init__(self, *_: Any) -> None:
        self.value: NDArray[Any] = np.zeros(0, np.float32)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes | str) or len(content) > _MAX_ARRAY_BYTES:
            raise pickle.UnpicklingError("an array that holds objects")
        raw = content if isinstance(content, bytes) else content.encode("latin-1")
        self.value = np.frombuffer(raw, dtype.real()).reshape(shape, order="F" if fortran else "C")


def _from_buffer(content: Any, dtype: Any, shape: Any, order: str = "C") -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", bytes(content) if isinstance(content, bytearray) else content))
    return array


def _scalar(dtype: Any, content: Any = b"") -> Any:
    if not isinstance(dtype, _Dtype):
        raise pickle.UnpicklingError("a scalar that is an object")
    raw = content if isinstance(content, bytes) else str(content).encode("latin-1")
    return np.frombuffer(raw, dtype.real())[0].item()


def _encode(text: str, encoding: str = "latin-1") -> bytes:
    if encoding not in ("latin1", "latin-1", "utf-8", "utf8", "ascii"):
        raise pickle.UnpicklingError(f"text in the encoding {encoding!r}")
    return text.encode(encoding)


class _Dict(OrderedDict[Any, Any]):
    """A dictionary that takes a state, as OrderedDicts of torch have one, and drops it."""

    def __setstate__(self, _: object) -> None:
        pass


class _Record(dict[str, Any]):
    """A record of settings, or a module of TorchScript: its state are its fields."""

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, Mapping):
            self.update(state)


def _reconstruct(kind: Any, *_: Any) -> Any:
    """What ``copyreg._reconstructor`` does: make an empty object of a class, one of ours."""
    if not isinstance(kind, type) or not issubclass(kind, Inert | _Dict | _Record):
        raise pickle.UnpicklingError(f"an object of {getattr(kind, 'name', kind)}")
    return kind()


_CLASSES: dict[str, type] = {
    "collections.OrderedDict": _Dict,
    "collections.Counter": _Dict,
    "argparse.Namespace": _Record,
    "types.SimpleNamespace": _Record,
    "yacs.config.CfgNode": _Record,
    "easydict.EasyDict": _Record,
}
"""Containers of data, whose name may be told to make an empty one."""
_MAKERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.jit._pickle.build_intlist": lambda items: list(items),
    "torch.jit._pickle.build_doublelist": lambda items: list(items),
    "torch.jit._pickle.build_boollist": lambda items: list(items),
    "torch.jit._pickle.build_tensorlist": lambda items: list(items),
    "torch.jit._pickle.restore_type_tag": lambda value, _: value,
    "torch.Size": lambda *parts: tuple(*parts),
    "torch.device": lambda *parts: ":".join(map(str, parts)),
    "collections.defaultdict": lambda _=None, *rest: _Dict(*rest),
    "copyreg._reconstructor": _reconstruct,
    "builtins.object": lambda *_: None,
    "pathlib.PosixPath": lambda *parts: "/".join(map(str, parts)),
    "pathlib.PurePosixPath": lambda *parts: "/".join(map(str, parts)),
    "pathlib.WindowsPath": lambda *parts: "\\".join(map(str, parts)),
    "numpy.dtype": _dtype,
    "numpy.ndarray": _Array,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "_codecs.encode": _encode,
    "builtins.list": lambda *parts: list(*parts),
    "builtins.dict": lambda *parts: _Dict(*parts),
    "builtins.tuple": lambda *parts: list(*parts),
    "builtins.int": lambda *_: 0,
    "builtins.float": lambda *_: 0.0,
    "builtins.bool": lambda *_: False,
    "builtins.str": lambda *_: "",
    "builtins.set": lambda *parts: list(*parts),
    "builtins.frozenset": lambda *parts: list(*parts),
    "builtins.bytearray": lambda *parts: bytes(*parts) if parts and isinstance(parts[0], bytes) else b"",
    "builtins.complex": lambda *parts: list(parts),
    "builtins.slice": lambda *parts: list(parts),
}


def array_of(value: Any) -> "NDArray[Any] | None":
    """Return the array that a value of `read_pickle` is, None for anything else."""
    return value.value if isinstance(value, _Array) else None
