"""Indexes of faiss, by their header: which is the one with the vectors, and whether they are of a known kind.

Source of the layout: https://github.com/facebookresearch/faiss/blob/main/faiss/impl/index_write.cpp.
"""

import struct

from tingshuo.port.recognise.finding import Finding
from tingshuo.port.recognise.seen import Seen

_HEADER = struct.Struct("<4siqqqBi")
"""Four letters, dimension, number of vectors, two unused numbers, whether it is trained, metric."""


def describe_index(seen: Seen) -> Finding:
    """Say what an index of faiss holds."""
    with seen.path.open("rb") as file:
        head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return Finding(seen.path, seen.format, "faiss", role="damaged", what_next="it was cut short; copy it again")
    kind, dimension, count, *_ = _HEADER.unpack(head)
    details = (("kind", kind.decode("ascii", "replace")), ("dimension", str(dimension)), ("vectors", str(count)))
    if dimension not in (256, 768):
        return Finding(
            seen.path, seen.format, "faiss", role="index of vectors", what_next="its vectors are of no voice that is known",
            details=details,
        )  # fmt: skip
    version = "v1" if dimension == 256 else "v2"
    if count <= 0:
        return Finding(
            seen.path, seen.format, "rvc", version, "index without vectors (trained_*.index)", details=details,
            what_next="it is empty; give the added_*.index of the same training",
        )  # fmt: skip
    return Finding(
        seen.path, seen.format, "rvc", version, "index of a voice (added_*.index)", details=details, usable=True,
        what_next="goes with the voice that it was made with",
    )  # fmt: skip
