"""A bare folder: ``x.wav`` with its text in ``x.txt`` (or ``x.lab``) beside it, in folders of speakers or without.

The first folder of a file's path is its speaker; folders called wavs, audio and the like are not speakers, and those
called train, dev and test are splits. Text files in a folder ``txt`` beside a folder ``wav`` are found as well. Without a
single text file, all recordings are taken without text: enough for a vocoder.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tingshuo.data.corpora.corpus import SOUND_SUFFIXES, SPLITS, Builder, Corpus, Reader, encoding_fault, read_bytes
from tingshuo.errors import DataError

TEXT_SUFFIXES = (".txt", ".lab")
CONTAINERS = frozenset("wav wavs wave waves audio sound sounds recordings clips flac mp3 data txt text texts lab labs".split())
"""Names of folders, in lower case, that say nothing of who speaks."""

_LABEL_WITH_TIMES = re.compile(r"\s*\d+(\.\d+)?\s+\d+(\.\d+)?\s+\S")


class _File(NamedTuple):
    path: Path
    key: str
    """Path below the corpus without suffix and without containers: what a sound and its text have in common."""
    folders: tuple[str, ...]


def probe(path: Path) -> bool:
    """Tell whether a path is a folder with a sound file somewhere in it."""
    return path.is_dir() and any(
        name.lower().endswith(SOUND_SUFFIXES) for _, _, names in os.walk(path) for name in names if not name.startswith(".")
    )


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read a bare folder."""
    sounds, texts = _list(path)
    builder = Builder(path)
    used = set()
    for sound in sounds:
        where = str(sound.path)
        text = texts.get(sound.key)
        speaker = next((name for name in sound.folders if name.lower() not in SPLITS), "speaker")
        split = next((SPLITS[name.lower()] for name in sound.folders if name.lower() in SPLITS), "train")
        fields = {"id": sound.key, "speaker": speaker, "split": split}
        if text is not None:
            used.add(sound.key)
            spoken = _read_text(text.path, builder)
            if spoken is not None:
                builder.add(where, sound.path, text=spoken, **fields)
        elif texts:
            builder.skip(where, "has no text: no .txt or .lab file of that name is beside it")
        else:
            builder.add(where, sound.path, **fields)
    for key in sorted(set(texts) - used):
        builder.skip(str(texts[key].path), "no sound file of that name is beside it")
    return builder.corpus()


def _list(root: Path) -> tuple[list[_File], dict[str, _File]]:
    """List sounds in alphabetical order, and texts by their key; of files with one key the first suffix of the list is taken."""
    files: list[tuple[int, _File]] = []
    suffixes = (*SOUND_SUFFIXES, *TEXT_SUFFIXES)
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        if os.path.realpath(folder) in seen:  # a link back to where we were
            folders.clear()
            continue
        seen.add(os.path.realpath(folder))
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = tuple(part for part in Path(folder).relative_to(root).parts if part.lower() not in CONTAINERS)
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in suffixes and not name.startswith("."):
                files.append((suffixes.index(suffix.lower()), _File(Path(folder, name), "/".join((*inner, stem)), inner)))
    files.sort(key=lambda row: (row[1].key, row[0], row[1].path))
    texts: dict[str, _File] = {}
    for rank, file in files:
        if rank >= len(SOUND_SUFFIXES):
            texts.setdefault(file.key, file)
    return [file for rank, file in files if rank < len(SOUND_SUFFIXES)], texts


def _read_text(path: Path, builder: Builder) -> str | None:
    """Return the text of one file; None when it was skipped."""
    try:
        data = read_bytes(path)
    except DataError as error:
        builder.skip(str(path), str(error).removeprefix(f"{path}: "))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        builder.skip(str(path), encoding_fault(data))
        return None
    if _LABEL_WITH_TIMES.match(text):
        builder.skip(str(path), "holds phones with times, not text")
        return None
    return text


READER = Reader(probe, read)
