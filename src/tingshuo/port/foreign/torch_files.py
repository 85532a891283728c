"""What ``torch.save`` writes, taken apart: the values of its pickle, and where the numbers of each tensor lie in the file.

Layouts, read from files and from torch's own reader (https://github.com/pytorch/pytorch/blob/main/torch/serialization.py): since
torch 1.6 a zip of stored members, ``NAME/data.pkl``, ``NAME/data/KEY`` for each storage and ``NAME/byteorder``; before, one file
of five pickles (a magic number, a protocol, the machine, the value, the keys of the storages) with the storages behind, each
after its number of elements. Older ones were tar files and are refused.
"""

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.port.foreign.unpickle import ITEM_BYTES, AttackError, Reader, Storage, TensorRef, array_of
from tingshuo.port.foreign.verdict import attack_error

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_LOCAL_HEADER = 30
_MAX_PICKLE_BYTES = 256 << 20
_MAX_NODES = 1_000_000
"""Values in a file; a checkpoint with its optimizer has some ten thousand."""
_MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class TorchFile:
    """A file that has been read: its value with `TensorRef`s in it, names that are not data, and where storages lie."""

    container: str
    """``zip`` or ``legacy``."""
    value: Any
    names: frozenset[str]
    places: Mapping[str, tuple[int, int]]
    """Key of a storage to its first byte in the file and how many there are."""
    is_script: bool = False
    """The zip has code of TorchScript in it."""


def read_torch_file(path: Path) -> TorchFile:
    """Take a file apart; nothing in it is run, and tensors are not read.

    Raises
    ------
    PortError
        It is no such file, is damaged, or a value in it makes no sense.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(4)
            file.seek(0)
            if begin == b"PK\x03\x04":
                return _read_zip(path, file)
            return _read_legacy(path, file)
    except AttackError as error:
        raise attack_error(path, str(error)) from error
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise PortError(f"{path}: is a damaged zip: {error}; download it again") from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise PortError(f"{path}: cannot be read as a checkpoint of PyTorch: {error or type(error).__name__}") from error
    except (MemoryError, RecursionError, OverflowError) as error:
        raise PortError(f"{path}: asks for more than a checkpoint needs ({type(error).__name__}), so it is not read") from error


def walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the leaves of a value with their paths.

    Raises
    ------
    ValueError
        It is nested too deep, or so often into itself that it does not end.
    """
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    count = 0
    while todo:
        path, node = todo.pop()
        count += 1
        if count > _MAX_NODES or len(path) > _MAX_DEPTH:
            raise ValueError("it is nested too deep, or into itself")
        if isinstance(node, Mapping):
            todo += [((*path, key if isinstance(key, int) else str(key)), inner) for key, inner in reversed(list(node.items()))]
        elif isinstance(node, list | tuple):
            todo += [((*path, row), inner) for row, inner in reversed(list(enumerate(node)))]
        else:
            yield path, node


def read_tensor(content: "np.memmap[Any, Any] | NDArray[np.uint8]", file: TorchFile, ref: TensorRef) -> NDArray[Any]:
    """Return a tensor's elements as bytes of its type: (items, bytes of one), in C order; a view where they lie in order.

    Parameters
    ----------
    content : array
        The whole file, as bytes.
    file : TorchFile
        From `read_torch_file`.
    ref : TensorRef
        A leaf of its value.

    Raises
    ------
    ValueError
        Its storage is not in the file, or is shorter than it should be.
    """
    size = ITEM_BYTES[ref.dtype]
    if ref.storage.key not in file.places:
        raise ValueError(f"the storage {ref.storage.key!r} is missing")
    begin, n_bytes = file.places[ref.storage.key]
    # Untyped storages are counted in bytes, typed ones in elements.
    n_items = n_bytes // size
    last = (
        ref.offset + sum((n - 1) * stride for n, stride in zip(ref.shape, ref.strides, strict=True)) if 0 not in ref.shape else -1
    )
    if last >= n_items:
        raise ValueError(f"the storage {ref.storage.key!r} has {n_bytes} bytes, fewer than its tensors need")
    items = content[begin : begin + n_items * size].reshape(n_items, size)
    strides = (*(stride * size for stride in ref.strides), 1)
    view = np.lib.stride_tricks.as_strided(items[ref.offset :], (*ref.shape, size), strides, writeable=False)
    return np.ascontiguousarray(view).reshape(-1, size)


def _read_zip(path: Path, file: BinaryIO) -> TorchFile:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        if len(members) != len(archive.infolist()):
            raise PortError(f"{path}: has two members of one name, so it is not what torch writes")
        pickles = [name for name in members if name.endswith("data.pkl") and name.count("/") <= 1]
        if len(pickles) != 1:
            raise PortError(f"{path}: is a zip without a data.pkl, so it is no checkpoint of PyTorch")
        root = pickles[0].removesuffix("data.pkl")
        info = members[pickles[0]]
        if info.file_size > _MAX_PICKLE_BYTES:
            raise PortError(f"{path}: its data.pkl has {info.file_size} bytes, more than a checkpoint needs")
        order = archive.read(f"{root}byteorder").strip() if f"{root}byteorder" in members else b"little"
        if order != b"little":
            raise PortError(f"{path}: was written on a big-endian machine; save it again on another")
        with archive.open(info) as inner:
            reader = Reader(inner)  # type: ignore[arg-type]
            value = reader.load()
        places = {
            name.removeprefix(f"{root}data/"): (_data_begin(path, file, info), info.file_size)
            for name, info in members.items()
            if name.startswith(f"{root}data/")
        }
        script = any(name.startswith(f"{root}code/") for name in members) or f"{root}constants.pkl" in members
    return TorchFile("zip", value, frozenset(reader.names), places, script)


def _data_begin(path: Path, file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin."""
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise PortError(f"{path}: its tensors are compressed, which torch never does; unpack and save it again")
    here = file.tell()
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    file.seek(here)
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"no member at byte {info.header_offset}")
    return info.header_offset + _LOCAL_HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def _read_legacy(path: Path, file: BinaryIO) -> TorchFile:
    first = _value(file)
    if first != MAGIC:
        return _plain_pickle(path, file)
    if (protocol := _value(file)) != PROTOCOL:
        raise PortError(f"{path}: was written in protocol {protocol} of torch.save, known is {PROTOCOL}")
    machine = _value(file)
    if not (isinstance(machine, dict) and machine.get("little_endian", True)):
        raise PortError(f"{path}: was written on a big-endian machine; save it again on another")
    reader = Reader(file)
    value = reader.load()
    keys = _value(file)
    types = {leaf.storage.key: leaf.storage for _, leaf in walk(value) if isinstance(leaf, TensorRef)}
    return TorchFile("legacy", value, frozenset(reader.names), _legacy_places(file, keys, types))


def _legacy_places(file: BinaryIO, keys: Any, types: Mapping[str, Storage]) -> dict[str, tuple[int, int]]:
    """Find the storages, which lie in the order of ``keys``; the type of each is told by the tensors that use it."""
    places = {}
    for key in map(str, keys):
        n_items = int.from_bytes(file.read(8), "little")
        if key not in types or types[key].dtype is None:
            raise ValueError(f"the storage {key!r} is used by no tensor, so its size is not known")
        n_bytes = n_items * ITEM_BYTES[str(types[key].dtype)]
        places[key] = file.tell(), n_bytes
        file.seek(n_bytes, 1)
    return places


def _plain_pickle(path: Path, file: BinaryIO) -> TorchFile:
    """Read a file that is one pickle, as ``pickle.dump`` writes."""
    file.seek(0)
    reader = Reader(file)
    value = reader.load()
    return TorchFile("pickle", value, frozenset(reader.names), {})


def _value(file: BinaryIO) -> Any:
    reader = Reader(file)
    value = reader.load()
    return value if array_of(value) is None else None
