"""Memory-mapped safetensors: equal to the library's reading, read-only, and strict about damaged files."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from tingshuo.errors import BundleError
from tingshuo.store.tensors import is_finite, read_tensors

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def raw(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def row(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_every_dtype_and_shape_comes_back(tmp_path: Path) -> None:
    tensors = {f"{d}{s}": np.full(s, 3, d) for d in DTYPES for s in [(), (0,), (5,), (2, 3)]}
    (tmp_path / "t.safetensors").write_bytes(save(tensors, {"made": "here"}))
    read = read_tensors(tmp_path / "t.safetensors")
    assert set(read) == set(tensors)
    for name, tensor in tensors.items():
        assert (read[name].dtype, read[name].shape) == (tensor.dtype, tensor.shape)
        np.testing.assert_array_equal(read[name], tensor)


def test_arrays_are_views_of_the_file_and_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "t.safetensors").write_bytes(save({"a": np.zeros(4, np.float32)}))
    tensor = read_tensors(tmp_path / "t.safetensors")["a"]
    assert not tensor.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        tensor[0] = 1


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused_by_name(tmp_path: Path, dtype: str, value: float) -> None:
    tensor = np.zeros(200_000, dtype)
    assert is_finite(tensor)
    tensor[-1] = value
    (tmp_path / "t.safetensors").write_bytes(save({"good": np.ones(3), "spoilt": tensor}))
    with pytest.raises(BundleError, match=r"'spoilt' has a NaN or an infinity"):
        read_tensors(tmp_path / "t.safetensors")


def test_the_largest_finite_values_pass() -> None:
    assert all(is_finite(np.array([np.finfo(d).max, np.finfo(d).min, np.finfo(d).tiny], d)) for d in ("f2", "f4", "f8"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"\xff" * 8 + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (3).to_bytes(8, "little") + b"{}]",
        raw({"a": row("F32", [2], 0, 8)}, b"\0" * 7),
        raw({"a": row("F32", [2], 0, 8)}, b"\0" * 9),
        raw({"a": row("F32", [2], 4, 12)}, b"\0" * 12),
        raw({"a": row("F32", [-2], 0, -8)}, b""),
        raw({"a": row("F32", [2], 0, 8), "b": row("F32", [2], 0, 8)}, b"\0" * 8),
        raw({"a": row("BF16", [2], 0, 4)}, b"\0" * 4),
        raw({"a": {"dtype": "F32", "shape": "x", "data_offsets": [0, 4]}}, b"\0" * 4),
        raw({"a": {"dtype": "F32"}}, b"\0" * 4),
        raw({"a": 3}, b""),
    ],
)
def test_a_malformed_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.safetensors").write_bytes(content)
    with pytest.raises(BundleError, match=r"t\.safetensors") as caught:
        read_tensors(tmp_path / "t.safetensors")
    assert "\n" not in str(caught.value)


@given(position=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_flipped_byte_never_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, position: int, byte: int) -> None:
    content = bytearray(save({"a": np.ones((3, 4), np.float32), "b": np.arange(10)}))
    content[position % len(content)] = byte
    path = tmp_path_factory.mktemp("flip") / "t.safetensors"
    path.write_bytes(content)
    with suppress(BundleError):
        assert all(is_finite(tensor) for tensor in read_tensors(path).values())
