"""A pickle is read as data: names lead to stand-ins, and nothing that is done to those has an effect."""

import argparse
import io
import os
import pickle
from collections import OrderedDict, defaultdict
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from tingshuo.port.foreign.unpickle import AttackError, Inert, Reader, Storage, TensorRef, array_of, read_pickle

TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI%d\ntQ"
    b"I%d\n(I2\nI3\nt(I3\nI1\nt\x89NtR."
)


class Settings:
    """A class that this process could import; a reader must not."""


class Evil:
    """Pickled, it asks for a call of ``os.system``."""

    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


def test_plain_values_are_what_they_were() -> None:
    value = {"steps": 7, "names": ["a", "b"], "rate": 1e-4, 3: (True, None, b"x"), "many": {1}, "z": 1 + 2j}
    got, names = read_pickle(pickle.dumps(value))
    assert got == value | {"z": [1.0, 2.0]}
    assert not names


@pytest.mark.parametrize("protocol", range(6))
def test_containers_and_arrays_of_every_protocol(protocol: int) -> None:
    value = {
        "ordered": OrderedDict(b=1, a=2),
        "default": defaultdict(list, x=[1]),
        "record": argparse.Namespace(layers=4),
        "path": PurePosixPath("a/b"),
        "array": np.arange(6, dtype=np.float64).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "number": np.float32(2.5),
    }
    got, names = read_pickle(pickle.dumps(value, protocol=protocol))
    assert not names
    assert list(got["ordered"].items()) == [("b", 1), ("a", 2)]
    assert (dict(got["default"]), dict(got["record"]), got["path"], got["number"]) == ({"x": [1]}, {"layers": 4}, "a/b", 2.5)
    for name in ("array", "fortran"):
        np.testing.assert_array_equal(array_of(got[name]), value[name])


def test_an_object_of_an_unknown_class_is_named_and_nothing_else() -> None:
    one = Settings()
    one.layers = 4  # type: ignore[attr-defined]
    got, names = read_pickle(pickle.dumps({"w": 1, "config": one}))
    assert isinstance(got["config"], Inert)
    assert got["config"].name == f"{Settings.__module__}.Settings"
    assert names == {got["config"].name}
    assert not hasattr(got["config"], "layers")


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Evil()),
        pickle.dumps({"w": [1, {"deep": Evil()}]}),
        pickle.dumps(np.array([Evil()], dtype=object)),
        b"cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(S'x'\nios\nsystem\n.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01x\x85R.",
        b"ctorch.hub\nload\n(S'x'\ntR.",
    ],
)
def test_code_is_named_and_not_run(content: bytes, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AttackError):
        read_pickle(content)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n}S'_make'\nNsb.",
        b"ctorch._utils\n_rebuild_tensor_v2\nN}S'_make'\nNs\x86b.",
        b"ccollections\nOrderedDict\n}S'__init__'\nNsb.",
        b"cargparse\nNamespace\nN}S'update'\nNs\x86b.",
    ],
)
def test_stand_ins_cannot_be_changed(content: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, TypeError, AttributeError)):
        read_pickle(content)
    assert dict(read_pickle(pickle.dumps(argparse.Namespace(a=1)))[0]) == {"a": 1}


def test_a_tensor_is_a_view_of_a_storage() -> None:
    got = Reader(io.BytesIO(TENSOR % (7, 1))).load()
    assert got == TensorRef(Storage("0", "F32", 7), "F32", 1, (2, 3), (3, 1))


@pytest.mark.parametrize(("items", "offset"), [(6, 1), (0, 0), (7, -1), (-1, 0)])
def test_a_tensor_beyond_its_storage_is_refused(items: int, offset: int) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"beyond its storage|make no sense|of unknown type"):
        Reader(io.BytesIO(TENSOR % (items, offset))).load()


def test_modules_of_torchscript_are_their_attributes() -> None:
    content = (
        b"\x80\x02c__torch__.models\nNet\n)\x81}(X\x04\x00\x00\x00bias"
        b"ctorch.jit._pickle\nbuild_intlist\n](K\x01K\x02e\x85RX\x05\x00\x00\x00inner"
        b"c__torch__.torch.nn.modules.conv\nConv1d\n)\x81}X\x01\x00\x00\x00kK\x03sbub."
    )
    value, names = read_pickle(content)
    assert value == {"bias": [1, 2], "inner": {"k": 3}}
    assert names == set()
    with pytest.raises(AttackError, match=r"torch.jit.load"):
        read_pickle(b"\x80\x02ctorch.jit\nload\n.")
