"""The texts in each kind of file that a bundle may hold, rewritten one by one; all that is not text stays as it is, bit for bit.

JSON and JSON lines, tensor files (their notes), graphs (see `tingshuo.store.graph_text`), arrays of numpy, and plain text.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.errors import BundleError
from tingshuo.store.graph_text import rewrite_graph
from tingshuo.store.traces import owners

TEXT_KEYS = frozenset(
    "prompt prompts sentence sentences text texts transcript transcription transcripts utterance utterances".split()
)
"""Keys under which programs keep what was said in recordings, or what a voice was tried with."""
BINARY = frozenset({".npy", ".npz", ".onnx", ".safetensors"})
"""Endings of files that hold numbers, with texts in a few places."""
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_LENGTH_BYTES, _ALIGNMENT = 8, 8
"""Of the header of a safetensors file (https://github.com/huggingface/safetensors#format)."""
_METADATA = "__metadata__"


@dataclass(frozen=True, slots=True)
class Edit:
    """How texts are rewritten, each given by the field that it stands in.

    ``clean`` rewrites a text, ``label`` a name that must stay one word, ``drop`` is told of the text of an utterance, which goes.
    """

    clean: Callable[[str, str], str]
    label: Callable[[str, str], str]
    drop: Callable[[str, str], None]

    def note(self, field: str, text: str) -> str:
        """Rewrite a text, or drop it where its field is one that holds what was said."""
        if text and field.rpartition(".")[2].casefold() in TEXT_KEYS:
            self.drop(field, text)
            return ""
        return self.clean(field, text)


def clean_file(path: Path, edit: Edit) -> bytes | None:
    """Return the content of a file with its texts rewritten: the same bytes when there was nothing to rewrite.

    Returns
    -------
    bytes or None
        None when the file is of no kind that is known here.

    Raises
    ------
    BundleError
        It is not what its name says, or of an unknown kind with the path of somebody's home folder in it.
    """
    data = path.read_bytes()
    try:
        clean = _KINDS.get(path.suffix)
        if clean is not None:
            return clean(data, edit)
        if b"\0" not in data:
            return edit.clean("text", data.decode()).encode()
    except UnicodeDecodeError:
        pass
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path}: is not what its name says, so it cannot be anonymised: {error}") from error
    whose = owners(data.decode("latin-1"))
    if whose:
        raise BundleError(
            f"{path}: names the home folder of {min(whose)!r} and is of a kind that is not known; leave the file out"
        )
    return None


def texts_in(path: Path) -> str:
    """Return what of a file may be text: all of it, or the header of a tensor file."""
    with path.open("rb") as file:
        if path.suffix == ".safetensors":
            return file.read(int.from_bytes(file.read(_LENGTH_BYTES), "little")).decode("utf-8", "ignore")
        return "" if path.suffix in (".npy", ".npz") else file.read().decode("utf-8", "ignore")


def holds(path: Path, texts: Iterable[str]) -> str | None:
    """Return the first of some texts that a file holds, in any of its parts and however its letters are encoded.

    The numbers of a tensor file are not looked at: they are no text.
    """
    data = [texts_in(path).encode() if path.suffix == ".safetensors" else path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data += [archive.read(member) for member in archive.namelist()]
    for text in texts:
        for form in {text.encode(), text.encode("utf-16-le"), text.encode("utf-32-le"), json.dumps(text)[1:-1].encode()}:
            if any(form in part for part in data):
                return text
    return None


def _json(data: bytes, edit: Edit) -> bytes:
    found = json.loads(data)
    cleaned = _walk(found, "", edit)
    if cleaned == found:
        return data
    indent = 1 if b"\n" in data.strip() else None
    return json.dumps(cleaned, ensure_ascii=False, indent=indent).encode() + b"\n"


def _json_lines(data: bytes, edit: Edit) -> bytes:
    lines = [_json(line, edit).rstrip(b"\n") if line.strip() else line for line in data.split(b"\n")]
    return b"\n".join(lines)


def _walk(value: Any, field: str, edit: Edit) -> Any:
    """Rewrite the texts of a JSON document; ``field`` is the dotted way to them."""
    if isinstance(value, str):
        return edit.note(field, value)
    if isinstance(value, list):
        cleaned = [_walk(one, field, edit) for one in value]
        return [one for one in cleaned if one != ""] if field.rpartition(".")[2].casefold() in TEXT_KEYS else cleaned
    if not isinstance(value, dict):
        return value
    keys = [edit.label(f"{field}.{key}".lstrip("."), key) for key in value]
    if len(set(keys)) != len(keys):
        raise ValueError("two of its keys would become one")
    return {new: _walk(one, f"{field}.{key}".lstrip("."), edit) for new, (key, one) in zip(keys, value.items(), strict=True)}


def _tensors(data: bytes, edit: Edit) -> bytes:
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    header = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    notes = header.get(_METADATA)
    cleaned = _walk(notes, "", edit)
    if cleaned == notes:
        return data
    text = json.dumps(header | {_METADATA: cleaned}, ensure_ascii=False, separators=(",", ":")).encode()
    text = text.ljust(math.ceil(len(text) / _ALIGNMENT) * _ALIGNMENT)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text + data[_LENGTH_BYTES + length :]


def _graph(data: bytes, edit: Edit) -> bytes:
    return rewrite_graph(data, edit.note, edit.label)


def _array(data: bytes, edit: Edit, field: str = "texts") -> bytes:
    """Rewrite an array of texts; one of numbers stays as it is."""
    found = np.load(io.BytesIO(data), allow_pickle=False)
    if found.dtype.kind not in "US":
        return data
    texts = [one.decode() if isinstance(one, bytes) else str(one) for one in found.reshape(-1).tolist()]
    cleaned = np.array([edit.note(field, text) for text in texts]).reshape(found.shape)
    if cleaned.tolist() == found.tolist():
        return data
    out = io.BytesIO()
    np.save(out, cleaned, allow_pickle=False)
    return out.getvalue()


def _arrays(data: bytes, edit: Edit) -> bytes:
    """Rewrite what an archive of arrays says beside its numbers: comments, and notes of the system that packed it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist()]
        remarks = [(archive.comment, "comment"), *((member.comment, f"{member.filename}, comment") for member, _ in members)]
        noted = [field for field, note in ((f"{one.filename}, extra", one.extra) for one, _ in members) if note]
    for text, field in remarks:
        if text:
            edit.clean(field, text.decode("utf-8", "replace"))
    cleaned = [(edit.label("names", one.filename), one, _member(one.filename, content, edit)) for one, content in members]
    same = [(one.filename, one, content) for one, content in members] == cleaned
    if same and not noted and not any(text for text, _ in remarks):
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for new, member, content in cleaned:
            archive.writestr(zipfile.ZipInfo(new, _ZIP_EPOCH), content, member.compress_type)
    return out.getvalue()


def _member(name: str, content: bytes, edit: Edit) -> bytes:
    return _array(content, edit, name.removesuffix(".npy").rpartition("/")[2]) if name.endswith(".npy") else content


_KINDS: dict[str, Callable[[bytes, Edit], bytes]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".safetensors": _tensors,
    ".onnx": _graph,
    ".npy": _array,
    ".npz": _arrays,
}
"""By how the name of a file ends; any other is plain text if it can be read as such."""
