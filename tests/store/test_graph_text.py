"""The words of a graph file change, and the graph does not; the messages here are put together byte by byte."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from tingshuo.engine.onnx import open_graph
from tingshuo.store.bundle import open_bundle
from tingshuo.store.graph_text import fixed_names, rewrite_graph
from tingshuo.tasks.voices import find_voice


def field(number: int, value: bytes) -> bytes:
    """A field that holds bytes, short ones."""
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def node(name: str, ins: list[str], outs: list[str]) -> bytes:
    parts = [field(1, one.encode()) for one in ins] + [field(2, one.encode()) for one in outs]
    return b"".join(parts) + field(3, name.encode()) + field(4, b"Add")


OUTSIDE = field(8, b"w") + b"\x70\x01"  # a tensor whose data location is outside
GRAPH = (
    field(1, node("first", ["x", "w"], ["mid"]))
    + field(1, node("second", ["mid", ""], ["y"]))
    + field(5, OUTSIDE)
    + field(11, field(1, b"x"))
    + field(12, field(1, b"y"))
)
MODEL = b"\x08\x0a" + field(2, b"maker") + bytes([7 << 3 | 2]) + bytes([len(GRAPH) & 0x7F | 0x80, len(GRAPH) >> 7]) + GRAPH
MODEL += field(14, field(1, b"key") + field(2, b"note"))


def keep(where: str, text: str) -> str:
    return text


def test_nothing_changes_when_no_text_does() -> None:
    assert rewrite_graph(MODEL, keep, keep) == MODEL
    assert fixed_names(MODEL) == {"x", "y", "w"}


def test_words_are_given_with_their_place_and_may_grow() -> None:
    seen = {}

    def rewrite(where: str, text: str) -> str:
        seen[where] = text
        return text * 50

    found = rewrite_graph(MODEL, rewrite, keep)
    assert seen == {"Model.2": "maker", "key": "note"}
    assert b"maker" * 50 in found
    assert b"note" * 50 in found
    assert rewrite_graph(found, lambda where, text: text[: len(text) // 50], keep) == MODEL


def test_a_name_changes_everywhere_and_two_never_become_one() -> None:
    found = rewrite_graph(MODEL, keep, lambda where, text: "name" if text else "")
    assert field(1, node("name-2", ["x", "w"], ["name"])) in found
    assert field(1, node("name-3", ["name", ""], ["y"])) in found
    again = rewrite_graph(found, keep, lambda where, text: text.replace("name-2", "name"))
    assert field(1, node("name-2", ["x", "w"], ["name"])) in again


@pytest.mark.parametrize("damaged", [MODEL[:-1], b"\x0b", b"\x80", field(7, b"\xff")])
def test_what_is_no_graph_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"reaches past the end|wire type"):
        rewrite_graph(damaged, keep, keep)


def test_a_real_graph_with_other_names_computes_the_same_to_the_last_bit(tmp_path: Path) -> None:
    bundle = open_bundle(find_voice("default"))
    model = bundle.graph("pitch").read_bytes()

    names = (f"n{k}" for k in count())
    (tmp_path / "pitch.onnx").write_bytes(rewrite_graph(model, lambda *_: "?", lambda where, text: next(names) if text else ""))
    tensors = bundle.tensors("weights/acoustic.safetensors")
    with np.load(bundle.file("golden/pitch.npz"), allow_pickle=False) as file:
        arrays = dict(file)
    inputs = {name.removeprefix("input/"): value for name, value in arrays.items() if name.startswith("input/")}
    ours, theirs = (open_graph(path, tensors).run(inputs)["pitch"] for path in (tmp_path / "pitch.onnx", bundle.graph("pitch")))
    assert np.array_equal(ours, theirs)
    assert b"layer_norm" not in (tmp_path / "pitch.onnx").read_bytes()
