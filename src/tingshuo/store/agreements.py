"""Who was given audio without a label that is heard, and under which agreement: an append-only log.

The rule allows such audio to a user who has agreed to label it themselves, and wants the records kept for at least six months
(人工智能生成合成内容标识办法, article 9; read in public copies). Each line is a JSON object with a number and the SHA-256 of the
line before, across months, so that a line that was altered, removed or moved shows. A file beside the log names the last line, so
that a lost end shows as well. Whoever can write the whole folder can write it anew: to guard against them, keep the hash that
`AgreementLog.record` returns somewhere else.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from tingshuo.errors import OutputError, RequestError
from tingshuo.store.atomic import flush, replace_file
from tingshuo.store.home import home
from tingshuo.store.locks import locked

MONTHS_KEPT = 6
LONGEST_ID, LONGEST_WHAT = 128, 200
"""Characters."""
_FIRST = "0" * 64
_NAME = re.compile(r"agreements-(\d{4})-(\d{2})\.jsonl")
_HEAD, _LOCK = "agreements.head", "agreements.lock"
_WAIT_S = 10.0
_TAIL_BYTES = 8192
"""Longer than any line."""


@dataclass(frozen=True, slots=True)
class AgreementUse:
    """One line: its number from 1, when (UTC), the agreement, what was made, SHA-256 of audio or request and of the last line."""

    n: int
    at: str
    agreement: str
    what: str
    sha256: str
    previous: str

    def line(self) -> bytes:
        """Return the line without its end."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the line, which the next line repeats."""
        return hashlib.sha256(self.line()).hexdigest()


class AgreementLog:
    """The log in a folder; a file a month.

    Parameters
    ----------
    folder : Path or None
        Made when the first line is written; None is ``agreements`` in Tingshuo's home.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = home() / "agreements" if folder is None else folder

    def record(self, agreement: str, what: str, sha256: str, *, now: datetime | None = None) -> str:
        """Add a line; it is on the disk when this returns.

        Parameters
        ----------
        agreement : str
            The id under which the user took over the duty to label, 1 to 128 printable characters.
        what : str
            What was made, such as ``speech mp3 12.3 s``; at most 200 characters, and nothing of the text.
        sha256 : str
            Of the audio or of the request, 64 hexadecimal digits.
        now : datetime or None
            With its time zone; None is the clock.

        Returns
        -------
        str
            The SHA-256 of the line.

        Raises
        ------
        RequestError
            An id, a text or a hash that is not as above.
        OutputError
            The log cannot be written; whatever was asked for must not be given out then.
        RegistryError
            Somebody else held the log for ten seconds.
        """
        _check(agreement, what, sha256)
        at = (now or datetime.now(UTC)).astimezone(UTC)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written: {error.strerror}") from error
        with locked(self.folder / _LOCK, wait_s=_WAIT_S), _said(self.folder):
            # A clock that went back must not write into a month that is closed.
            path = max([self.folder / f"agreements-{at:%Y-%m}.jsonl", *self._files()])
            last = self._last()
            n, previous = (last.n + 1, last.digest) if last else self._continue()
            use = AgreementUse(n, at.strftime("%Y-%m-%dT%H:%M:%SZ"), agreement, what, sha256, previous)
            self._append(path, use)
            replace_file(self.folder / _HEAD, json.dumps({"n": use.n, "sha256": use.digest}).encode(), 0o600)
            return use.digest

    def uses(self) -> Iterator[AgreementUse]:
        """Yield the lines in order.

        Raises
        ------
        OutputError
            A line cannot be read; `problems` names all such.
        """
        for path in self._files():
            for number, line in enumerate(_lines(path), 1):
                use = _parse(line)
                if use is None:
                    raise OutputError(f"{path}: line {number} is no line of the log; check it before it is used")
                yield use

    def problems(self) -> tuple[str, ...]:
        """Return what shows that the log is not as it was written; nothing when it is whole.

        A log whose oldest months were removed, which is allowed after six months, begins with a number above 1 and is whole.
        """
        found: list[str] = []
        before: AgreementUse | None = None
        seen: dict[int, str] = {}
        for path in self._files():
            for number, line in enumerate(_lines(path), 1):
                where, use = f"{path.name}, line {number}", _parse(line)
                if use is None:
                    found.append(f"{where}: is no line of the log")
                    continue
                if before is not None and use.n != before.n + 1:
                    found.append(f"{where}: has number {use.n} after {before.n}: lines are missing, doubled or moved")
                elif use.previous != (before.digest if before else use.previous if use.n > 1 else _FIRST):
                    found.append(f"{where}: does not fit the line before: that one was altered")
                before = use
                seen[use.n] = use.digest
        return (*found, *self._head_problems(seen))

    def deletable(self, today: date) -> tuple[Path, ...]:
        """Return the files whose every line is older than six months; nothing is deleted here.

        Parameters
        ----------
        today : date
            In UTC.
        """
        months = {path: tuple(map(int, _month(path))) for path in self._files()[:-1]}
        return tuple(p for p, (year, month) in months.items() if 12 * (today.year - year) + today.month - month > MONTHS_KEPT)

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def _last(self) -> AgreementUse | None:
        for path in reversed(self._files()):
            with path.open("rb") as file:
                lines, _ = _end(file)
            if lines:
                use = _parse(lines[-1])
                if use is None:
                    raise OutputError(f"{path}: its last line is damaged; put the log right before more is written to it")
                return use
        return None

    def _continue(self) -> tuple[int, str]:
        """Return number and link of a first line: after months that were removed the numbers go on."""
        head = self._head()
        return (head[0] + 1, head[1]) if head else (1, _FIRST)

    def _append(self, path: Path, use: AgreementUse) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            # A line without its end was cut off by a loss of power and never confirmed to anybody.
            file.truncate(_end(file)[1])
            file.seek(0, 2)
            file.write(use.line() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        flush(self.folder)

    def _head(self) -> tuple[int, str] | None:
        try:
            head = json.loads((self.folder / _HEAD).read_bytes())
            return int(head["n"]), str(head["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _head_problems(self, seen: dict[int, str]) -> tuple[str, ...]:
        head = self._head()
        if head is None:
            return (f"{_HEAD}: is missing or damaged: whether the end of the log is there cannot be told",) if seen else ()
        if head[0] not in seen:
            return (f"{_HEAD}: names line {head[0]}, which is missing",)
        return () if seen[head[0]] == head[1] else (f"{_HEAD}: names another line {head[0]} than the log has: it was altered",)


def _check(agreement: str, what: str, sha256: str) -> None:
    for name, value, longest in (("agreement id", agreement, LONGEST_ID), ("description", what, LONGEST_WHAT)):
        if not value.strip() or len(value) > longest or not value.isprintable():
            raise RequestError(f"the {name} must have 1 to {longest} printable characters, got {value[:40]!r}", "agreement")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise RequestError("the hash of the audio or request must be a SHA-256 in 64 hexadecimal digits", "agreement")


def _parse(line: bytes) -> AgreementUse | None:
    try:
        row = json.loads(line)
        use = AgreementUse(**row)
    except (ValueError, TypeError, RecursionError):
        return None
    return use if isinstance(use.n, int) and use.line() == line else None


def _end(file: BinaryIO) -> tuple[list[bytes], int]:
    """Return the finished lines among the last bytes, the first of them perhaps cut, and where the last one ends."""
    size = file.seek(0, 2)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    *lines, rest = file.read().split(b"\n")
    return lines, size - len(rest)


def _lines(path: Path) -> list[bytes]:
    """Return the finished lines of a file."""
    return path.read_bytes().split(b"\n")[:-1]


def _month(path: Path) -> tuple[str, str]:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return match[1], match[2]


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{folder}: the log of agreements cannot be written: {error.strerror}") from error
