"""Each kind of file: its texts change, its numbers do not, and one in which nothing changes keeps its bytes."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from tingshuo.errors import BundleError
from tingshuo.store.anonymous_files import Edit, clean_file, holds, texts_in
from tingshuo.store.tensors import read_tensors

HOME = "/" + "home"
dropped: list[tuple[str, str]] = []
EDIT = Edit(
    lambda field, text: text.replace("anna", "X"),
    lambda field, text: text.replace("anna", "x"),
    lambda *what: dropped.append(what),
)


def cleaned(path: Path, data: bytes) -> bytes | None:
    path.write_bytes(data)
    dropped.clear()
    return clean_file(path, EDIT)


def npz(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b'{"a":  1.50, "b": ["\\u4f60"]}'),
        ("a.jsonl", b'{"a": 1}\n\n{"b": 2}\n'),
        ("a.safetensors", save({"w": np.ones(3, np.float32)}, {"note": "x"})),
        ("a.npz", npz(a=np.arange(3), b=np.array("x"))),
        ("a.md", "你好\r\n".encode()),
        ("a.onnx", b""),
    ],
)
def test_a_file_without_traces_keeps_its_bytes(tmp_path: Path, name: str, data: bytes) -> None:
    assert cleaned(tmp_path / name, data) == data


def test_texts_of_json_are_rewritten_and_what_was_said_is_dropped(tmp_path: Path) -> None:
    data = {"by": "anna", "anna": {"n": 1.5, "text": "你好"}, "rows": [{"texts": ["一", "二"]}, "of anna"]}
    found = cleaned(tmp_path / "a.json", json.dumps(data).encode())
    assert json.loads(found or b"") == {"by": "X", "x": {"n": 1.5, "text": ""}, "rows": [{"texts": []}, "of X"]}
    assert dropped == [("anna.text", "你好"), ("rows.texts", "一"), ("rows.texts", "二")]
    lines = cleaned(tmp_path / "a.jsonl", b'{"text": "hello", "id": 1}\n{"id": "anna"}\n')
    assert lines == b'{"text": "", "id": 1}\n{"id": "X"}\n'


def test_the_notes_of_a_tensor_file_are_rewritten_and_its_tensors_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    found = cleaned(path, save({"anna.w": np.arange(5, dtype=np.float32)}, {"by": "anna and Bert", "text": "你好"}))
    path.write_bytes(found or b"")
    assert b"Bert" in (found or b"")
    assert b"anna and" not in (found or b"")
    [(name, tensor)] = read_tensors(path).items()
    assert (name, tensor.tolist()) == ("anna.w", [0, 1, 2, 3, 4])
    assert dropped == [("text", "你好")]


def test_arrays_of_texts_are_rewritten_and_notes_of_the_packer_go(tmp_path: Path) -> None:
    path, out = tmp_path / "a.npz", io.BytesIO()
    packed = io.BytesIO(npz(n=np.arange(3.0), who=np.array(["anna", "b"]), text=np.array(["你好"])))
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(out, "w") as new:
        new.comment = b"packed by anna"
        for member in old.infolist():
            info = zipfile.ZipInfo(member.filename, (2026, 5, 1, 12, 0, 0))
            info.extra = b"ux\x04\x00anna"
            new.writestr(info, old.read(member))
    assert holds(_written(path, out.getvalue()), ["anna"]) == "anna"
    path.write_bytes(cleaned(path, out.getvalue()) or b"")
    arrays = dict(np.load(path, allow_pickle=False))
    assert (arrays["n"].tolist(), arrays["who"].tolist(), arrays["text"].tolist()) == ([0, 1, 2], ["X", "b"], [""])
    assert holds(path, ["anna", "packed", "你好"]) is None
    with zipfile.ZipFile(path) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_an_array_of_objects_is_not_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match=r"a.npy: is not what its name says, so it cannot be anonymised"):
        cleaned(tmp_path / "a.npy", out.getvalue())


@pytest.mark.parametrize(("name", "data"), [("a.json", b"{"), ("a.safetensors", b"123"), ("a.npz", b"PK"), ("a.onnx", b"\x0b")])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(BundleError, match="is not what its name says"):
        cleaned(tmp_path / name, data)


def test_a_kind_that_is_not_known_is_left_unless_it_names_somebodys_folder(tmp_path: Path) -> None:
    assert cleaned(tmp_path / "a.bin", b"\0\xff\x01") is None
    with pytest.raises(BundleError, match="names the home folder of 'zhangwei' and is of a kind that is not known"):
        cleaned(tmp_path / "a.bin", b"\0\xff" + f"{HOME}/zhangwei/x".encode())


def test_a_text_is_found_however_its_letters_are_encoded(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for data in ("王小明".encode(), "王小明".encode("utf-16-le"), b'"\\u738b\\u5c0f\\u660e"', npz(a=np.array("王小明"))):
        assert holds(_written(path, data), ["nobody", "王小明"]) == "王小明"
    assert holds(_written(path, b"nothing"), ["王小明"]) is None


def test_what_may_be_text_is_read_without_the_numbers(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.safetensors", save({"w": np.full(100, 0x6161, np.uint16)}, {"by": "anna"}))
    assert "anna" in texts_in(path)
    assert "aaaa" not in texts_in(path)
    assert texts_in(_written(tmp_path / "a.md", b"anna")) == "anna"
