"""Indexes of faiss by their header."""

import struct
from pathlib import Path

import pytest

from tingshuo.port.recognise.index import describe_index
from tingshuo.port.recognise.seen import Seen


@pytest.mark.parametrize(
    ("dimension", "count", "system", "role", "usable"),
    [
        (768, 4000, "rvc", "index of a voice (added_*.index)", True),
        (256, 4000, "rvc", "index of a voice (added_*.index)", True),
        (768, 0, "rvc", "index without vectors (trained_*.index)", False),
        (128, 10, "faiss", "index of vectors", False),
    ],
)
def test_the_one_with_the_vectors(dimension: int, count: int, system: str, role: str, usable: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.index"
    path.write_bytes(struct.pack("<4siqqqBi", b"IwFl", dimension, count, 0, 0, 1, 1) + bytes(64))
    found = describe_index(Seen(path, "faiss index"))
    assert (found.system, found.role, found.usable) == (system, role, usable)
    assert ("vectors", str(count)) in found.details


def test_a_cut_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"IwFl\x00")
    assert describe_index(Seen(tmp_path / "x", "faiss index")).role == "damaged"
