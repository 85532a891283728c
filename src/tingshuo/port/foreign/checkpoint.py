"""Checkpoints of strangers: their numbers and plain values, read in a process of their own.

::

    with open_checkpoint(Path("g_02500000")) as checkpoint:
        weight = checkpoint.value["generator"]["conv_pre.bias"].read()

The child process (`tingshuo.port.foreign.child`) leaves the numbers in a temporary file that is mapped here, so a checkpoint
takes no more memory than the tensors that are read from it at a time.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.port.foreign.child import ERROR, TENSORS, VALUE
from tingshuo.port.foreign.verdict import check_names

TIMEOUT_S = 600.0
MAPPED_BYTES = 1 << 16
"""From this size on a tensor is not read but mapped: its memory is the file's."""
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForeignTensor:
    """A tensor of a checkpoint, not read yet."""

    shape: tuple[int, ...]
    dtype: str
    """As safetensors spells what the file holds: ``F32``, ``F16``, ``BF16``, ``I64``."""
    _file: Path
    _place: int
    _stored: str

    def read(self) -> NDArray[Any]:
        """Return its numbers, read-only; BF16 as float32. Large ones are mapped, and stay readable when the checkpoint is closed.

        Raises
        ------
        PortError
            The checkpoint has been closed.
        """
        dtype = np.dtype(_DTYPES[self._stored])
        count = int(np.prod(self.shape, dtype=np.int64))
        try:
            if count * dtype.itemsize >= MAPPED_BYTES:
                return np.asarray(np.memmap(self._file, dtype, "r", self._place, self.shape))
            return np.fromfile(self._file, dtype, count, offset=self._place).reshape(self.shape)
        except FileNotFoundError as error:
            raise PortError("the checkpoint that this tensor is of has been closed") from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that has been read."""

    path: Path
    container: str
    """``zip``, ``legacy`` or ``pickle``."""
    is_script: bool
    value: Any
    """Dictionaries, lists, text, numbers, `ForeignTensor`."""


@contextmanager
def open_checkpoint(path: Path, *, check: bool = True) -> Iterator[Checkpoint]:
    """Read a file that ``torch.save`` or ``pickle.dump`` wrote.

    Parameters
    ----------
    path : Path
        The file.
    check : bool
        Refuse a file that asks for code; without it such parts are left out, and nothing is run either.

    Raises
    ------
    PortError
        It is no checkpoint, is damaged, asks for code to be run, or holds whole objects instead of numbers.
    """
    with tempfile.TemporaryDirectory(prefix="tingshuo-foreign-") as name:
        folder = Path(name)
        _run_child(path, folder)
        told = json.loads((folder / VALUE).read_text("utf-8"))
        if check and not told["is_script"]:
            check_names(path, told["names"])
        yield Checkpoint(path, told["container"], told["is_script"], _values(told["value"], folder / TENSORS))


def tensors_of(value: Any, prefix: str = "") -> dict[str, ForeignTensor]:
    """Return the tensors of a dictionary by their names, those of dictionaries in it behind a point."""
    found: dict[str, ForeignTensor] = {}
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, ForeignTensor):
                found[f"{prefix}{key}"] = inner
            else:
                found |= tensors_of(inner, f"{prefix}{key}.")
    return found


def _run_child(path: Path, folder: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror}") from error
    if not path.is_file():
        raise PortError(f"{path}: is not a file")
    if shutil.disk_usage(folder).free < 2 * size:
        raise PortError(
            f"{folder.parent}: has no room for what {path} holds, {2 * size / 1e6:.0f} MB; set TMPDIR, or the --output of an "
            "import, to another disk"
        )
    command = [sys.executable, "-I", "-m", "tingshuo.port.foreign.child", str(path.resolve()), str(folder.resolve())]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise PortError(f"{path}: could not be read within {TIMEOUT_S:.0f} s, so it was given up") from error
    if (folder / ERROR).is_file():
        raise PortError((folder / ERROR).read_text("utf-8"))
    if done.returncode < 0:
        why = signal.Signals(-done.returncode).name
        raise PortError(f"{path}: reading it ended with {why} in a process of its own; nothing else was touched")
    if done.returncode != 0 or not (folder / VALUE).is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        raise PortError(f"{path}: cannot be read: {last[0]}")


def _environment() -> dict[str, str]:
    """What the child may know of this machine: nothing but where programs and libraries lie."""
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"OMP_NUM_THREADS": "1"}


def _values(value: Any, tensors: Path) -> Any:
    if isinstance(value, list):
        return [_values(inner, tensors) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$tensor" in value:
        place, stored, shape, dtype = value["$tensor"]
        return ForeignTensor(tuple(shape), dtype, tensors, place, stored)
    if "$array" in value:
        return np.array(value["$array"])
    if "$object" in value:
        return None
    return {key.removeprefix("$"): _values(inner, tensors) for key, inner in value.items()}
