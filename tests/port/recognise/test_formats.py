"""How a file is written is told by its bytes."""

import bz2
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tingshuo.port.recognise.formats import detect

VOICE = Path(__file__).parents[3] / "src/tingshuo/voices/default"


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        for name in names:
            out.writestr(name, b"x")
    return content.getvalue()


def tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as out:
        out.addfile(tarfile.TarInfo("model.onnx"))
    return content.getvalue()


def numpy_file() -> bytes:
    content = io.BytesIO()
    np.save(content, np.arange(3))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (b"", "empty"),
        (b"hello\n", "text"),
        ("你好" * 2000, "text"),
        (b'{"a": 1}', "json"),
        (b'{"a": 1', "text"),
        (b"\x00\x01\x02\x03" * 9, "unknown"),
        (pickle.dumps({"a": 1}), "pickle"),
        (pickle.dumps({"a": 1}, protocol=0), "pickle"),
        (b"cos\nsystem\n(S'x'\ntR.", "pickle"),
        (struct.pack("<Q", 2) + b"{}", "safetensors"),
        (archive("x/data.pkl", "x/data/0"), "torch zip"),
        (archive("x/data.pkl", "x/code/a.py", "x/constants.pkl"), "torchscript"),
        (archive("config.json", "model.weights.h5", "metadata.json"), "keras"),
        (archive("a.npy", "b.npy"), "npz"),
        (archive("readme.txt"), "zip"),
        (b"PK\x03\x04 cut", "damaged zip"),
        (tar(), "tar"),
        (numpy_file(), "npy"),
        (b"IwFl" + bytes(40), "faiss index"),
        (b"\x1c\0\0\0TFL3" + bytes(9), "tflite"),
        (b"\x89HDF\r\n\x1a\n" + bytes(9), "hdf5"),
        (b"\0B<Nnet3> ", "kaldi"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pointer"),
        (b"<!doctype HTML><title>Sign in</title>", "html"),
        (b"RIFF\0\0\0\0WAVE", "riff audio"),
        (b"\x1f\x8b\x08", "gzip"),
        (bz2.compress(b"hello"), "bzip2"),
        (lzma.compress(b"hello"), "xz"),
        (b"BZh, who is a person", "text"),
        (bytes(5000), "unknown"),  # and not a tar that has to be decompressed to be seen
    ],
)
def test_formats(content: bytes | str, format: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert detect(path) == format


def test_real_files() -> None:
    assert detect(VOICE / "graphs/onnx/fp32/decoder.onnx") == "onnx"
    assert detect(VOICE / "weights/acoustic.safetensors") == "safetensors"
    assert detect(VOICE / "golden/decoder.npz") == "npz"
    assert detect(VOICE) == "folder"


@pytest.mark.train
def test_the_old_layout_of_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.zeros(2)}, tmp_path / "x", _use_new_zipfile_serialization=False)
    assert detect(tmp_path / "x") == "torch legacy"


def test_a_saved_model_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    assert detect(tmp_path) == "savedmodel"
