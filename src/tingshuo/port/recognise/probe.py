"""What is this? Files and folders are looked at one by one; a folder that is something as a whole is told first."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.importers.archive import ARCHIVES, is_packed, unpacked
from tingshuo.port.recognise.finding import Finding
from tingshuo.port.recognise.formats import detect
from tingshuo.port.recognise.graphs import ASK
from tingshuo.port.recognise.index import describe_index
from tingshuo.port.recognise.seen import Seen, look
from tingshuo.port.recognise.systems import recognise

MAX_FILES = 2000
MAX_DEPTH = 8
_OF_INTEREST_BYTES = 1 << 20
"""Text and audio are told one by one only when they were asked for; anything else from this size on."""
_PLAIN = ("text", "json", "empty", "riff audio", "flac audio", "ogg audio", "mp3 audio", "html")
_CONVERTED = f"converted in an environment of its own (tingshuo env make tensorflow); {ASK}"
_FORMATS = {
    "torchscript": ("pytorch", "program and weights (TorchScript)", f"its weights are of no system that is known; {ASK}"),
    "savedmodel": ("tensorflow", "SavedModel", _CONVERTED),
    "keras": ("tensorflow", "Keras model", _CONVERTED),
    "hdf5": ("tensorflow", "Keras weights, or other data (HDF5)", _CONVERTED),
    "tflite": ("tensorflow", "TensorFlow Lite model", _CONVERTED),
    "kaldi": ("kaldi", "model or table (binary)", "served by Kaldi and Vosk alone"),
    "kaldi text": ("kaldi", "model (text)", "served by Kaldi and Vosk alone"),
    "openfst": ("kaldi", "decoding graph", "served by Kaldi and Vosk alone"),
    "gguf": ("llama.cpp", "language model (GGUF)", "not a voice"),
    "git lfs pointer": ("", "a pointer to a file, not the file", "fetch it: git lfs pull"),
    "html": ("", "a web page, not a model", "the download failed or wanted a login; download it again in a browser"),
    "empty": ("", "an empty file", "the download failed; download it again"),
    "damaged zip": ("", "a zip that cannot be opened", "the download was cut short; download it again"),
    **dict.fromkeys(ARCHIVES, ("", "an archive", "give it by itself, and it is looked into")),
    "7z": ("", "an archive", "unpack it and give the folder"),
    "rar": ("", "an archive", "unpack it and give the folder"),
}


def probe(path: str | os.PathLike[str]) -> list[Finding]:
    """Say what a file is, or what a folder holds.

    Parameters
    ----------
    path : path-like
        Nothing in it is run, changed, or sent anywhere.

    Returns
    -------
    list of Finding
        One for a file; of a folder one for each file that is more than text or sound.

    Raises
    ------
    PortError
        There is nothing there, or it cannot be read.
    """
    root = Path(path)
    if not root.exists():
        raise PortError(f"{root}: there is no such file or folder")
    if is_packed(root):
        return _in_archive(root)
    if root.is_file() or (root / "saved_model.pb").is_file():
        return [describe(look(root))]
    findings = [found for file in _files(root) if (found := _in_folder(file)) is not None]
    if not findings:
        raise PortError(f"{root}: holds nothing that looks like a model; give the file, or the folder that it lies in")
    return findings


def describe(seen: Seen) -> Finding:
    """Return what is known of a file that was looked at."""
    if seen.refused:
        hostile = "is not only data" in seen.refused
        role = "a file that would run code" if hostile else "whole objects" if "whole objects" in seen.refused else "damaged"
        return Finding(seen.path, seen.format, role=role, what_next=seen.refused.removeprefix(f"{seen.path}: "))
    if seen.format == "faiss index":
        return describe_index(seen)
    found = recognise(seen)
    if found is not None:
        return _scripted(found) if seen.format == "torchscript" else found
    system, role, what_next = _FORMATS.get(seen.format, ("", "", ""))
    what_next = what_next.format(name=seen.path.name)
    if seen.tensors and seen.format != "torchscript":
        names = list(seen.tensors)
        details = (("tensors", str(len(names))), ("first", ", ".join(names[:4])), *_top(seen))
        return Finding(
            seen.path, seen.format, role="tensors of no system that is known", details=details,
            what_next="weights of a net of ours go with its config: tingshuo import "
            f"{seen.path.name} --config config.json; --config new:FAMILY prints one to fill in",
        )  # fmt: skip
    details = (("tensors", str(len(seen.tensors))),) if seen.tensors else _top(seen)
    return Finding(seen.path, seen.format, system, role=role or "nothing that is known", what_next=what_next, details=details)


def _scripted(found: Finding) -> Finding:
    """TorchScript with the weights of a known system: they are read out of it."""
    if not found.usable:
        return found
    whose = f"of {found.system} {found.version}".rstrip()
    told = f"{found.what_next}; its weights are read out of the TorchScript, whose program is not run"
    return replace(found, system="torchscript", version=whose, role=f"{found.role} as TorchScript", what_next=told)


def _in_archive(archive: Path) -> list[Finding]:
    """Say what an archive holds, by paths that begin with its own."""
    try:
        with unpacked(archive) as root:
            return [_of_archive(found, archive, root) for found in probe(root)]
    except PortError as error:
        reason = str(error).removeprefix(f"{archive}: ")
        return [Finding(archive, detect(archive), role="an archive", what_next=reason)]


def _of_archive(found: Finding, archive: Path, root: Path) -> Finding:
    """Tell of the archive what is told of what it was unpacked to."""
    next_step = found.what_next.replace(f"import {found.path.name} ", f"import {archive.name} ")
    return replace(found, path=archive / found.path.relative_to(root), what_next=next_step)


def _top(seen: Seen) -> tuple[tuple[str, str], ...]:
    return (("keys", ", ".join(sorted(seen.keys)[:12])),) if seen.keys else ()


def _in_folder(path: Path) -> Finding | None:
    seen = look(path)
    plain = seen.format in _PLAIN or (seen.format == "unknown" and path.stat().st_size < _OF_INTEREST_BYTES)
    if plain and seen.format != "json":
        return None
    found = describe(seen)
    return None if plain and not found.system else found


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, links left alone, up to a number that no model passes."""
    count = 0
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(Path(parent).relative_to(root).parts) >= MAX_DEPTH:
            folders.clear()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                count += 1
                if count > MAX_FILES:
                    raise PortError(f"{root}: holds more than {MAX_FILES} files; give the folder of one model")
                yield path
