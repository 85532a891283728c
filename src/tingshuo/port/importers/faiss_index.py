"""Content vectors of a voice in an index file of faiss, read by numpy alone.

RVC writes an inverted file of plain vectors beside each voice: ``added_IVF*_Flat_nprobe_1_NAME_v2.index``. Its ``trained_*``
twin has the same cells, and nothing in them.

Layout, all little-endian, from faiss/impl/index_write.cpp (https://github.com/facebookresearch/faiss, MIT), checked with 1.15.1::

    "IwFl"  header  u64 cells  u64 probes  centroids (an index of their own)  map  lists
    header  i32 features  i64 vectors  2 x i64 unused  u8 trained  i32 metric [f32, where metric > 1]
    "IxF2"  header  u64 floats  f32...                                  plain vectors; centroids are kept so
    map     u8 kind (0 none, 1 array, 2 table)  u64 length  i64...  and of a table u64 length (i64 i64)...
    "ilar"  u64 cells  u64 bytes of a vector  "full" u64 length u64 sizes... | "sprs" u64 length (u64 cell, u64 size)...
            then for each cell that is not empty: vectors, i64 their numbers
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.tasks.convert.retrieve import NEIGHBOURS, Retrieval

INVERTED, PLAIN = b"IwFl", (b"IxF2", b"IxFI", b"IxFl")
_HEADER = struct.Struct("<iqqqBi")
_SQUARED_DISTANCE = 1


@dataclass(frozen=True, slots=True)
class ContentIndex:
    """Content vectors of a voice, (n, features) float32, in the order of their numbers."""

    vectors: NDArray[np.float32]

    def nearest(self, queries: NDArray[np.float32], k: int = NEIGHBOURS) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return squared distances and numbers of the nearest vectors, see `tingshuo.tasks.convert.retrieve.Retrieval`."""
        return Retrieval(self.vectors).nearest(queries, k)


def read_index(path: Path, features: int | None = None) -> ContentIndex:
    """Read the vectors of an index file.

    Parameters
    ----------
    path : Path
        ``added_*.index`` of RVC, ``NAME.index`` of Applio, or a plain index.
    features : int or None
        How many features the voice's content has: 256 in version 1, 768 in version 2; not compared where None.

    Raises
    ------
    PortError
        It cannot be read, is no index, holds no vectors, is of a kind that has no plain vectors, or is of another version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror}") from error
    reader = _Reader(path, content)
    kind = reader.take(4)
    if kind == INVERTED:
        vectors = _inverted(reader)
    elif kind in PLAIN:
        vectors = reader.plain()
    else:
        raise _unknown(path, content)
    if not len(vectors):
        raise PortError(
            f"{path}: is an index without vectors; the one to use is called added_*.index, trained_*.index is a step on its way"
        )
    if features is not None and vectors.shape[1] != features:
        raise PortError(
            f"{path}: has vectors of {vectors.shape[1]} features, the voice's have {features}; "
            "256 is version 1 and 768 is version 2, so the index is of another voice"
        )
    if not np.isfinite(vectors).all():
        raise PortError(f"{path}: has a vector that is not finite; make the index again")
    return ContentIndex(vectors)


class _Reader:
    """Takes one value after the other from a file; `PortError` where it ends too early."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content
        self.at = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.content):
            raise PortError(f"{self.path}: ends too early, so it is no whole index; copy it again")
        self.at += size
        return self.content[self.at - size : self.at]

    def number(self) -> int:
        return int(struct.unpack("<Q", self.take(8))[0])

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)

    def header(self) -> tuple[int, int]:
        """Return features and vectors."""
        features, vectors, _, _, _, metric = _HEADER.unpack(self.take(_HEADER.size))
        if metric != _SQUARED_DISTANCE:
            raise PortError(f"{self.path}: compares vectors by another measure than their distance, which RVC's never do")
        if features <= 0 or vectors < 0:
            raise PortError(f"{self.path}: is damaged, it states {vectors} vectors of {features} features")
        return features, vectors

    def plain(self) -> NDArray[np.float32]:
        features, count = self.header()
        if self.number() != features * count:
            raise PortError(f"{self.path}: is damaged, its plain vectors are not as many as it states")
        return self.array("<f4", features * count).reshape(count, features)


def _inverted(reader: _Reader) -> NDArray[np.float32]:
    features, count = reader.header()
    cells = reader.number()
    reader.number()  # probes
    if reader.take(4) not in PLAIN:
        raise PortError(f"{reader.path}: keeps its cells in a way that RVC does not; make it again with IVF and Flat")
    reader.plain()
    has_table = reader.take(1) == b"\x02"
    reader.array("<i8", reader.number())
    if has_table:
        reader.array("<i8", 2 * reader.number())
    return _lists(reader, features, count, cells)


def _lists(reader: _Reader, features: int, count: int, cells: int) -> NDArray[np.float32]:
    if reader.take(4) != b"ilar":
        raise PortError(f"{reader.path}: keeps its vectors in other files or not at all; write it again from one index in memory")
    if reader.number() != cells or reader.number() != features * 4:
        raise PortError(f"{reader.path}: is damaged, its lists are not those of its cells")
    kind, length = reader.take(4), reader.number()
    sizes = reader.array("<u8", length)
    if kind == b"sprs":
        sizes = sizes[1::2]
    elif kind != b"full":
        raise PortError(f"{reader.path}: is damaged, it has lists of no known kind")
    if sum(map(int, sizes)) != count or count * (4 * features + 8) > len(reader.content) - reader.at:
        raise PortError(f"{reader.path}: is damaged, its lists do not hold the {count} vectors that it states")
    vectors = np.empty((count, features), np.float32)
    seen = np.zeros(count, bool)
    for size in map(int, sizes):
        cell = reader.array("<f4", size * features).reshape(size, features)
        numbers = reader.array("<i8", size)
        if size and (numbers.min() < 0 or numbers.max() >= count):
            raise PortError(f"{reader.path}: numbers its vectors otherwise than from 0 to {count - 1}, which RVC never does")
        vectors[numbers], seen[numbers] = cell, True
    if not seen.all():
        raise PortError(f"{reader.path}: is damaged, two of its vectors have one number")
    return vectors


def _unknown(path: Path, content: bytes) -> PortError:
    if content.startswith(b"\x93NUMPY"):
        return PortError(f"{path}: is an array of numpy under the name of an index; RVC's added_*.index is the one to use")
    if content[:2] == b"Iw":
        kind = content[:4].decode("ascii", "replace")
        return PortError(f"{path}: is an index of kind {kind!r} that keeps no plain vectors; RVC's are made with IVF and Flat")
    return PortError(f"{path}: is no index of faiss; RVC's is called added_*.index")
