"""Pickles are found by what they hold, never by their names."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tingshuo.errors import BundleError
from tingshuo.store.bundle import verify_bundle, write_bundle
from tingshuo.store.pickles import is_pickle


class Attack:
    """Loading its pickle would leave a file behind."""

    def __reduce__(self):
        return open, ("/nonexistent/owned", "w")


def torch_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps({}))
        archive.writestr("model/data/0", b"1234")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_binary_protocol_is_a_pickle(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickle.dumps(Attack(), protocol))
    assert is_pickle(path)


def test_a_file_of_torch_save_is_one(tmp_path: Path) -> None:
    torch_zip(tmp_path / "voice.onnx")
    assert is_pickle(tmp_path / "voice.onnx")


def test_arrays_of_objects_are_pickles_and_others_are_not(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "objects.npz", plain=np.zeros(3), objects=objects)
    np.save(tmp_path / "plain.npy", np.zeros(3))
    np.savez(tmp_path / "plain.npz", a=np.zeros(3), b=np.array(["O"]))
    save_file({"weight": np.zeros(3)}, tmp_path / "plain.safetensors")
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_bytes(b"\x80")
    (tmp_path / "text").write_text("{}")
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    found = {path.name for path in tmp_path.iterdir() if is_pickle(path)}
    assert found == {"objects.npy", "objects.npz"}


def test_a_bundle_with_a_pickle_is_neither_written_nor_sound(tmp_path: Path, tiny: Path, fields, files) -> None:
    files["golden/extra.bin"] = pickle.dumps(Attack())
    with pytest.raises(BundleError, match=r"extra\.bin: is a pickle, which could run code; a bundle holds data alone"):
        write_bundle(tmp_path / "bad", fields, files)
    assert not (tmp_path / "bad").exists()
    graph = tiny / "graphs/onnx/fp32/encoder.onnx"
    torch_zip(graph)
    assert any("is a pickle" in problem for problem in verify_bundle(tiny).problems)
