"""The process in which files of strangers are read: without network, other programs, or files to write but one folder's.

``python -I -m tingshuo.port.foreign.child FILE FOLDER`` writes ``value.json``, the values of the file, and ``tensors.bin``, the
numbers of its tensors; where that fails, ``error.txt``. What reads the file runs nothing that it says
(`tingshuo.port.foreign.unpickle`); the walls around it are for the mistakes that nobody has found yet.
"""

import contextlib
import ctypes
import json
import mmap
import os
import resource
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tingshuo.errors import PortError
from tingshuo.port.foreign.torch_files import TorchFile, read_tensor, read_torch_file, walk
from tingshuo.port.foreign.unpickle import Inert, TensorRef, array_of

VALUE, TENSORS, ERROR = "value.json", "tensors.bin", "error.txt"
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""Flags of unshare(2)."""
_ROOM_BYTES = 3 << 30
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "ctypes.",
    "pty.",
    "urllib.",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main(arguments: list[str]) -> int:
    """Read a file; returns 0, or 1 with the reason in ``error.txt``."""
    path, folder = Path(arguments[0]), Path(arguments[1])
    wall_in(folder, path.stat().st_size)
    try:
        write_values(read_torch_file(path), path, folder)
    except PortError as error:
        (folder / ERROR).write_text(str(error), "utf-8")
        return 1
    return 0


def wall_in(folder: Path, size: int) -> None:
    """Take from this process what reading needs not, for good."""
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, _ROOM_BYTES + 4 * size),
        (resource.RLIMIT_FSIZE, 4 * size + (64 << 20)),
    ):
        resource.setrlimit(limit, (most, most))
    with contextlib.suppress(OSError, AttributeError):  # not every system lets its users do that
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)
    inside = f"{folder.resolve()}{os.sep}"

    def refuse(event: str, details: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(details[2], int) and details[2] & _WRITING
        if event.startswith(_FORBIDDEN) or (writes and not str(details[0]).startswith(inside)):
            raise PermissionError(f"{event} is not for a process that reads a stranger's file")

    sys.addaudithook(refuse)


def write_values(file: TorchFile, path: Path, folder: Path) -> None:
    """Write what was read, tensors one after the other.

    Raises
    ------
    PortError
        A tensor's numbers are not in the file.
    """
    content = np.memmap(path, np.uint8, "r")
    inside = folder.resolve()
    with (inside / TENSORS).open("wb") as out:
        try:
            deque(walk(file.value), maxlen=0)  # a value that never ends is found before anything is written
            value = _plain(file.value, lambda ref: _write_tensor(out, content, file, ref), 0)
        except (ValueError, RecursionError) as error:
            raise PortError(f"{path}: cannot be read as a checkpoint of PyTorch: {error}") from error
    told = {"container": file.container, "is_script": file.is_script, "names": sorted(file.names), "value": value}
    (inside / VALUE).write_text(json.dumps(told), "utf-8")


def _write_tensor(out: BinaryIO, content: Any, file: TorchFile, ref: TensorRef) -> dict[str, Any]:
    items = read_tensor(content, file, ref)
    place, dtype = out.tell(), ref.dtype
    if dtype == "BF16":  # which numpy does not know: the upper half of a float32
        items, dtype = (items.view(np.uint16).astype(np.uint32) << 16).view(np.uint8), "F32"
    out.write(np.ascontiguousarray(items).data)
    if hasattr(content.base, "madvise"):
        content.base.madvise(mmap.MADV_DONTNEED)  # or all of the file would lie in memory at the end
    return {"$tensor": [place, dtype, list(ref.shape), ref.dtype]}


def _plain(value: Any, write: Any, depth: int) -> Any:
    """Turn a value into what JSON knows; keys that begin with ``$`` are ours, a file's own get another one."""
    if depth > 100:
        raise ValueError("it is nested too deep, or into itself")
    if isinstance(value, TensorRef):
        return write(value)
    array = array_of(value)
    if array is not None:
        return {"$array": array.tolist()} if array.size <= 1 << 20 else {"$object": f"an array of {array.size} numbers"}
    if isinstance(value, Mapping):
        keys = (str(key) for key in value)
        return {
            f"${key}" if key.startswith("$") else key: _plain(inner, write, depth + 1)
            for key, inner in zip(keys, value.values(), strict=True)
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, write, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1") if len(value) < 1 << 16 else {"$object": f"{len(value)} bytes"}
    return {"$object": value.name if isinstance(value, Inert) else type(value).__name__}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
