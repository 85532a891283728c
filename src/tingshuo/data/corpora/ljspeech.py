"""The layout of LJSpeech: ``metadata.csv`` with lines ``id|text|normalised text`` and ``wavs/id.wav``.

Source: K. Ito, L. Johnson: The LJ Speech Dataset, https://keithito.com/LJ-Speech-Dataset (public domain). Corpora of
other speakers use the same layout, so a licence is given only where the ids are those of LJSpeech. The text with numbers
and abbreviations spelled out is taken where there is one.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Builder, Corpus, Reader, find_sound, first_line, read_lines

METADATA = "metadata.csv"
_LJ_ID = re.compile(r"LJ0\d\d-\d{4}")


def probe(path: Path) -> bool:
    """Tell whether a path is a folder whose metadata.csv has fields between bars, or that file."""
    return "|" in first_line(_metadata(path))


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read the layout of LJSpeech."""
    metadata = _metadata(path)
    builder = Builder(path)
    wavs = next((folder for folder in map(metadata.parent.joinpath, ("wavs", "wav", "")) if folder.is_dir()), metadata.parent)
    for where, line in read_lines(metadata, builder):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) not in (2, 3) or not fields[0]:
            builder.skip(where, f"must be id|text or id|text|normalised text, got {len(fields)} fields")
            continue
        sound = find_sound(wavs, fields[0])
        origin = {"licence": "public domain", "source": "LJSpeech", "speaker": "LJ"} if _LJ_ID.fullmatch(sound.stem) else {}
        builder.add(where, sound, id=fields[0].removesuffix(sound.suffix), text=fields[-1] or fields[1], **origin)
    return builder.corpus()


def _metadata(path: Path) -> Path:
    return path if path.name == METADATA else path / METADATA


READER = Reader(probe, read)
