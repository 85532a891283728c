"""What every reader of a corpus makes: rows, and a list of what was left out and why."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tingshuo.data.utterance import Utterance
from tingshuo.errors import ConfigError, DataError, TextError
from tingshuo.text.symbols import split_syllable

SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif")
"""Sound files, in the order in which one is preferred when two differ by their suffix alone."""

SPLITS = {"train": "train", "dev": "dev", "valid": "dev", "val": "dev", "validation": "dev", "test": "test", "eval": "test"}
"""Names of folders, in lower case, that are splits."""

_HANZI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_BLANK_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff\uff00-\uffef\u3000-\u303f])\s+(?=[\u3400-\u9fff\uff00-\uffef\u3000-\u303f])")


class Skipped(NamedTuple):
    """Something that was left out: where it stands (a file, with its line where it has lines) and why, a phrase."""

    where: str
    why: str


class Corpus(NamedTuple):
    """A corpus as rows, with absolute paths and unique ids."""

    rows: list[Utterance]
    skipped: list[Skipped]


class Reader(NamedTuple):
    """A row's target in the table of readers.

    ``probe`` tells from the content of a path whether it has this layout; ``read`` reads it. The second argument of ``read``
    names the parts that are wanted, none meaning those that are of use; where ``parts`` is False, a corpus has none.
    """

    probe: Callable[[Path], bool]
    read: Callable[[Path, Sequence[str]], Corpus]
    parts: bool = False


class Builder:
    """Gathers the rows of a corpus; a row that cannot be used is skipped with its reason.

    Parameters
    ----------
    path : Path
        Where the corpus is, for messages.
    constants : str
        Fields of `Utterance` that all rows share, such as ``licence`` and ``source``.
    """

    def __init__(self, path: Path, **constants: Any) -> None:
        self._path = path
        self._constants = constants
        self._rows: dict[str, Utterance] = {}
        self._skipped: list[Skipped] = []
        self._exists: dict[str, bool] = {}

    def skip(self, where: str, why: str) -> None:
        """Leave something out."""
        self._skipped.append(Skipped(where, why))

    def add(self, where: str, audio: Path, **fields: Any) -> None:
        """Add a row of `Utterance`, or skip it when its sound file is missing, its id taken or a value wrong."""
        path = os.path.abspath(audio)
        if path not in self._exists:
            self._exists[path] = os.path.isfile(path)
        if not self._exists[path]:
            self.skip(where, f"the sound file {path} is missing")
            return
        if fields.get("text") is not None:
            fields["text"] = " ".join(fields["text"].split())
            fields.setdefault("lang", language_of(fields["text"]))
        why = self._fault(fields)
        if why:
            self.skip(where, why)
            return
        try:
            row = Utterance.check(self._constants | fields | {"audio": path}, where)
        except ConfigError as error:
            self.skip(where, str(error).removeprefix(f"{where}: "))
            return
        self._rows[row.id] = row

    def corpus(self) -> Corpus:
        """Return what was gathered.

        Raises
        ------
        DataError
            Nothing was, and the first reason.
        """
        if not self._rows:
            why = "no recording was found there"
            if self._skipped:
                first = self._skipped[0]
                why = f"all {len(self._skipped)} entries had to be skipped, the first ({first.where}) because {first.why}"
            raise DataError(f"{self._path}: holds nothing that can be learnt from: {why}")
        return Corpus(list(self._rows.values()), self._skipped)

    def _fault(self, fields: dict[str, Any]) -> str | None:
        if fields["id"] in self._rows:
            return f"the id {fields['id']!r} is taken already"
        if fields.get("text") == "":
            return "the text is empty"
        wrong = [s for s in (fields.get("pinyin") or "").split() if not is_pinyin(s)]
        return f"{wrong[0]!r} is not a pinyin syllable with a tone digit" if wrong else None


@lru_cache(maxsize=8192)
def is_pinyin(syllable: str) -> bool:
    """Tell whether something is a Mandarin syllable with a tone digit 1 to 5, as in ``lv4`` or ``dianr3``."""
    try:
        split_syllable(syllable)
    except TextError:
        return False
    return syllable[-1].isdigit()


def language_of(text: str) -> str:
    """Tell the language of a text by its script: zh-CN, ja or en."""
    if _KANA.search(text):
        return "ja"
    return "zh-CN" if _HANZI.search(text) else "en"


def join_hanzi(text: str) -> str:
    """Remove the blanks between Chinese characters, which some corpora put between words."""
    return _BLANK_IN_CHINESE.sub("", text)


def count_hanzi(text: str) -> int:
    """Count the Chinese characters of a text."""
    return len(_HANZI.findall(text))


def find_sound(folder: Path, name: str) -> Path:
    """Return the sound file of that name, with or without a suffix; the one in wav when there is none."""
    candidates = [folder / name] if name.lower().endswith(SOUND_SUFFIXES) else [folder / f"{name}{s}" for s in SOUND_SUFFIXES]
    return next((path for path in candidates if os.path.isfile(path)), candidates[0])


def read_lines(path: Path, builder: Builder) -> Iterator[tuple[str, str]]:
    """Read a text file in UTF-8, line by line; a line that is not UTF-8 is skipped.

    Yields
    ------
    tuple
        Where the line stands (path and number) and the line, stripped of blanks at its end; empty lines are passed over.

    Raises
    ------
    DataError
        The file cannot be read, or is UTF-16.
    """
    data = read_bytes(path)
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        where = f"{path}, line {number}"
        try:
            text = line.decode().rstrip()
        except UnicodeDecodeError:
            builder.skip(where, encoding_fault(line))
            continue
        if text:
            yield where, text


def read_bytes(path: Path) -> bytes:
    """Read a text file.

    Raises
    ------
    DataError
        It cannot be read, or is UTF-16.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: is UTF-16; convert it to UTF-8, as with iconv -f UTF-16 -t UTF-8")
    return data


def encoding_fault(data: bytes) -> str:
    """Say how a text that is not UTF-8 may be put right."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "the text is not UTF-8"
    return "the text is not UTF-8 but could be GBK; convert the file, as with iconv -f GB18030 -t UTF-8"


def first_line(path: Path) -> str:
    """Return the first line of a text file that has more than blanks, or nothing when there is no such file or line."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 14)
    except OSError:
        return ""
    lines = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines()
    return next((line.rstrip() for line in lines if line.strip()), "")
