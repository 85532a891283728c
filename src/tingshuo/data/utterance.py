"""One recording and what is said in it: the row that every corpus becomes and every training reads.

A manifest is JSON Lines, one row a line; a relative ``audio`` path starts at the manifest's folder.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, DataError
from tingshuo.store.atomic import replace_file

Split = Literal["train", "dev", "test"]


class Utterance(StrictModel, frozen=True, kw_only=True):
    """A clip with its text."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    """Unique in its manifest."""
    audio: str
    """Sound file; relative to the manifest's folder, or absolute."""
    start_samples: Annotated[int, Meta(ge=0)] = 0
    """Where the clip begins in the file, at the file's own rate."""
    n_samples: Annotated[int, Meta(ge=1)] | None = None
    """Length of the clip at the file's own rate; None is up to the end."""
    speaker: str = "speaker"
    text: str | None = None
    """As written. Without it (and without `pinyin`) the clip can teach a vocoder, not an acoustic model."""
    pinyin: str | None = None
    """Syllables with tone digits separated by blanks, where a corpus has them; they win over what the front-end would say."""
    lang: str = "zh-CN"
    """BCP 47 tag."""
    style: str | None = None
    """Whose rhythm and melody this is; None is that of `speaker`."""
    emotion: str = "neutral"
    split: Split = "train"
    bandwidth_hz: Annotated[float, Meta(gt=0)] | None = None
    """Highest frequency with content, where it is known; None is half the file's rate."""
    licence: str = ""
    """SPDX identifier, or words."""
    source: str = ""
    """Corpus that the clip is from."""


def read_manifest(path: Path) -> list[Utterance]:
    """Read a manifest; relative paths of sound files are made absolute.

    Raises
    ------
    DataError
        The file cannot be read, a line is not an `Utterance`, or two have the same id; the message names the line.
    """
    rows = list(_rows(path))
    first: dict[str, int] = {}
    for number, row in rows:
        if row.id in first:
            raise DataError(f"{path}, line {number}: the id {row.id!r} is already on line {first[row.id]}")
        first[row.id] = number
    if not rows:
        raise DataError(f"{path}: holds no utterance")
    return [row.replace(audio=str(path.parent.absolute() / row.audio)) for _, row in rows]


def write_manifest(path: Path, rows: Iterable[Utterance]) -> None:
    """Write a manifest, whole or not at all; fields at their default are left out."""
    defaults = Utterance(id="-", audio="").fields()
    lines = []
    for row in rows:
        fields = {key: value for key, value in row.fields().items() if key in ("id", "audio") or value != defaults[key]}
        lines.append(json.dumps(fields, ensure_ascii=False) + "\n")
    replace_file(path, "".join(lines).encode())


def _rows(path: Path) -> Iterator[tuple[int, Utterance]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 (byte {error.start}); convert it, as with iconv -f GBK -t UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                fields = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}, line {number}: is not JSON: {error.msg}") from error
            try:
                yield number, Utterance.check(fields, f"{path}, line {number}")
            except ConfigError as error:
                raise DataError(str(error)) from error
