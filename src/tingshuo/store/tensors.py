"""Read safetensors files without copying: the arrays are read-only views of the memory-mapped file.

Layout (https://github.com/huggingface/safetensors#format): 8 bytes little-endian header length, a JSON header
``{name: {dtype, shape, data_offsets: [begin, end]}}`` with offsets into the data that follows, which they cover without gaps.
Only those pages that are used are loaded, and processes that open the same voice share them.
"""

import json
import math
import mmap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import BundleError

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}
_EXPONENTS = {2: (np.uint16, 0x7C00), 4: (np.uint32, 0x7F800000), 8: (np.uint64, 0x7FF0000000000000)}
_MAX_HEADER_BYTES = 16 << 20
_BLOCK = 1 << 16


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Open a safetensors file.

    Parameters
    ----------
    path : Path
        The file. It must not be written to while the arrays are in use (replace it by renaming instead).

    Returns
    -------
    dict of str to ndarray
        Read-only views of the mapped file, in the order of the header.

    Raises
    ------
    BundleError
        The file cannot be read, its header is malformed, or a tensor has a NaN or an infinity.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
    try:
        tensors = _parse(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"{path}: is not a valid safetensors file: {error}") from error
    for name, tensor in tensors.items():
        if not is_finite(tensor):
            raise BundleError(f"{path}: tensor {name!r} has a NaN or an infinity")
        release([tensor])  # what is not used at once need not lie in memory
    return tensors


def write_tensors(tensors: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write a safetensors file, one tensor after another: no second copy of them all is made in memory.

    Raises
    ------
    BundleError
        A tensor is of a type that such files have no name for.
    OSError
        The file cannot be written.
    """
    names = {np.dtype(kind): name for name, kind in _DTYPES.items()}
    header: dict[str, Any] = {}
    end = 0
    # As the format's own writer does it: wide types first, so that every tensor lies at a multiple of its width.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    for name, tensor in ordered:
        if tensor.dtype not in names:
            raise BundleError(f"{path}: tensor {name!r} is of type {tensor.dtype}, which cannot be stored")
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for _, tensor in ordered:
            file.write(np.ascontiguousarray(tensor).data)
            release([tensor])


def release(tensors: Iterable[NDArray[Any]]) -> None:
    """Let go of the memory of tensors that are views of mapped files; it comes back from the file where they are used again.

    What is not mapped, or could have been written to, stays as it is.
    """
    for tensor in tensors:
        mapping = _mapping(tensor)
        if mapping is None or tensor.size == 0 or not hasattr(mapping, "madvise"):
            continue
        whole = np.frombuffer(mapping, np.uint8)
        if whole.flags.writeable:
            continue
        first, last = (place - whole.ctypes.data for place in np.lib.array_utils.byte_bounds(tensor))
        begin = first - first % mmap.PAGESIZE
        mapping.madvise(mmap.MADV_DONTNEED, begin, last - begin)


def _mapping(tensor: Any) -> mmap.mmap | None:
    """Return the mapped file that an array is a view of."""
    while tensor is not None and not isinstance(tensor, mmap.mmap):
        tensor = tensor.obj if isinstance(tensor, memoryview) else getattr(tensor, "base", None)
    return tensor


def _parse(data: mmap.mmap) -> dict[str, NDArray[Any]]:
    if len(data) < 8:
        raise ValueError("it is shorter than its header")
    length = int.from_bytes(data[:8], "little")
    if length > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise ValueError(f"a header of {length} bytes does not fit")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    expected = 0
    tensors = {}
    for name, row in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = row["data_offsets"]
        if row["dtype"] not in _DTYPES:
            raise ValueError(f"tensor {name!r} has dtype {row['dtype']}, accepted: {', '.join(_DTYPES)}")
        dtype, shape = np.dtype(_DTYPES[row["dtype"]]), tuple(row["shape"])
        if begin != expected or any(n < 0 for n in shape) or end - begin != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"tensor {name!r} has offsets that do not fit its shape")
        tensors[name] = np.frombuffer(data, dtype, math.prod(shape), 8 + length + begin).reshape(shape)
        expected = end
    if 8 + length + expected != len(data):
        raise ValueError(f"its data ends at byte {8 + length + expected} of {len(data)}")
    return tensors


def is_finite(tensor: NDArray[Any]) -> bool:
    """Tell whether no element is NaN or infinite: an exponent of all ones is looked for block by block, without a copy."""
    if tensor.dtype.kind != "f":
        return True
    unsigned, exponent = _EXPONENTS[tensor.dtype.itemsize]
    bits = np.ascontiguousarray(tensor).reshape(-1).view(unsigned)
    return all((bits[i : i + _BLOCK] & exponent).max() != exponent for i in range(0, bits.size, _BLOCK))
