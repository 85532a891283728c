"""How a file is written, by its first bytes and, of archives, by what is in them."""

import json
import pickletools
import zipfile
from pathlib import Path

from tingshuo.port.recognise.onnx_head import read_onnx_head

_HEAD_BYTES = 4096
_OLD_PICKLE_BYTES = 4 << 20
_TAR_PLACE = 257
"""Of the magic number of tar."""
_FAISS = (b"IwFl", b"IxF2", b"IxFI", b"IvFl", b"IwPQ", b"IwSq", b"IxHN", b"IHNf", b"IxPT", b"IxPq", b"IwHc")
"""What begins an index of faiss (https://github.com/facebookresearch/faiss/blob/main/faiss/impl/index_write.cpp)."""
_MAKING = {"GLOBAL", "INST", "REDUCE", "DICT", "LIST", "EMPTY_DICT", "EMPTY_LIST", "TUPLE", "BUILD", "STACK_GLOBAL"}
_MAGIC = (
    (0, b"\x93NUMPY", "npy"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (4, b"TFL3", "tflite"),
    (0, b"GGUF", "gguf"),
    (0, b"\0B", "kaldi"),
    (0, b"<Nnet", "kaldi text"),
    (0, b"<Transition", "kaldi text"),
    (0, b"\xd6\xfd\xb2\x7e", "openfst"),
    (0, b"RIFF", "riff audio"),
    (0, b"fLaC", "flac audio"),
    (0, b"OggS", "ogg audio"),
    (0, b"ID3", "mp3 audio"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (4, b"1AY&SY", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!", "rar"),
    (0, b"SQLite format 3\0", "sqlite"),
    (0, b"version https://git-lfs", "git lfs pointer"),
    (0, b"<!DOCTYPE html", "html"),
    (0, b"<html", "html"),
)


def detect(path: Path) -> str:
    """Return how a file is written: ``torch zip``, ``torch legacy``, ``pickle``, ``safetensors``, ``onnx``, ``torchscript`` ...

    ``text`` and ``json`` are what can be read as such, ``empty`` and ``unknown`` the rest.

    Raises
    ------
    OSError
        It cannot be read.
    """
    if path.is_dir():
        return "savedmodel" if (path / "saved_model.pb").is_file() else "folder"
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    if head[:4] in _FAISS:
        return "faiss index"
    for place, magic, name in _MAGIC:
        if head[place : place + len(magic)].lower() == magic.lower():
            return name
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if _is_safetensors(head, path.stat().st_size):
        return "safetensors"
    if head[:1] == b"\x80" and len(head) > 1 and 2 <= head[1] <= 5:
        # torch's old files are several pickles, the first of them one number, which begins so in every protocol.
        return "torch legacy" if b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." in head[:16] else "pickle"
    if head[_TAR_PLACE : _TAR_PLACE + 5] == b"ustar":  # and not tarfile, which tries to decompress everything first
        return "tar"
    return _rest(path, head)


def _is_old_pickle(content: bytes) -> bool:
    """Whether bytes are a pickle of the first protocols, which begin with nothing of their own: operators up to a last one."""
    try:
        operators = [operator.name for operator, _, _ in pickletools.genops(content)]
    except (ValueError, IndexError, UnicodeDecodeError):
        return False
    return len(operators) > 1 and bool(_MAKING & set(operators))


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return "damaged zip"
    roots = {name.split("/", 1)[1] if "/" in name else name for name in names}
    if "data.pkl" in roots:
        return "torchscript" if any(name.startswith("code/") for name in roots) or "constants.pkl" in roots else "torch zip"
    if "model.weights.h5" in names and "config.json" in names:
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return "zip"


def _is_safetensors(head: bytes, size: int) -> bool:
    length = int.from_bytes(head[:8], "little")
    return 2 <= length <= size - 8 and head[8:9] == b"{" and head[9:].lstrip()[:1] in (b'"', b"}")


def _rest(path: Path, head: bytes) -> str:
    if path.stat().st_size <= _OLD_PICKLE_BYTES and _is_old_pickle(path.read_bytes()):
        return "pickle"
    try:
        read_onnx_head(path)
    except ValueError:
        pass
    else:
        return "onnx"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "unknown"
        text = head[: error.start].decode("utf-8")
    if any(ord(letter) < 9 for letter in text):
        return "unknown"
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError):
            return "text"
        return "json"
    return "text"
