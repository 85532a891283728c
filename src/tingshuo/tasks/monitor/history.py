"""The rounds of a voice in one SQLite file: what was measured of which bundle, where, when, and what was said of it.

A round is written in one transaction with a rollback journal that is flushed to the disk: a process that is killed leaves all of
it or nothing, and two monitors wait for each other. The journal is not a write-ahead log, so the file may lie on a network drive
and is one file whenever nobody writes. ``application_id`` marks the file as ours, ``user_version`` is the version of its schema
(https://www.sqlite.org/pragma.html). It holds no texts and no audio.
"""

import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tingshuo.errors import NotFoundError, OutputError, RequestError, SchemaVersionError
from tingshuo.store.home import home
from tingshuo.tasks.monitor.bands import ROUNDS, Band
from tingshuo.tasks.monitor.readings import Reading, known_names
from tingshuo.tasks.monitor.verdicts import Judged

SCHEMA_VERSION = 1
APPLICATION_ID = 0x54534D4F
"""TSMO in ASCII."""
PATIENCE_S = 30.0
"""How long a monitor waits for another that is writing; a round takes milliseconds to write."""

_SCHEMA = (
    "CREATE TABLE rounds (id INTEGER PRIMARY KEY, at TEXT NOT NULL, fresh INTEGER NOT NULL, series TEXT NOT NULL,"
    " subject TEXT NOT NULL, n INTEGER NOT NULL, voice TEXT NOT NULL, version TEXT NOT NULL, digest TEXT NOT NULL,"
    " speaker TEXT NOT NULL, style TEXT NOT NULL, precision TEXT NOT NULL, machine TEXT NOT NULL, tingshuo TEXT NOT NULL)",
    "CREATE INDEX rounds_of_a_series ON rounds (series, machine)",
    "CREATE TABLE figures (round INTEGER NOT NULL REFERENCES rounds (id), name TEXT NOT NULL, value REAL, low REAL, high REAL,"
    " n INTEGER NOT NULL, band_low REAL, band_high REAL, verdict TEXT NOT NULL, PRIMARY KEY (round, name)) WITHOUT ROWID",
)
"""A figure that was not measured has no value; an interval or a band may be open on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a round was measured of.

    Rounds of one ``series`` (hash of the texts, speaker, style and precision) on one ``machine`` are compared with one another.
    ``subject`` says in words what the texts are, ``n`` how many; ``digest`` is the SHA-256 of the bundle's manifest, which holds
    the hashes of all its other files; ``tingshuo`` is the version of this package.
    """

    series: str
    subject: str
    n: int
    voice: str
    version: str
    digest: str
    speaker: str
    style: str
    precision: str
    machine: str
    tingshuo: str


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it was recorded; ``at`` is UTC, ISO 8601, and with ``fresh`` rounds before it teach no bands."""

    id: int
    at: str
    fresh: bool
    origin: Origin
    figures: tuple[Judged, ...]

    @property
    def alarms(self) -> tuple[Judged, ...]:
        """Figures that somebody has to look at."""
        return tuple(figure for figure in self.figures if figure.alarming)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What was measured."""
        return tuple(figure.reading for figure in self.figures if figure.reading.n)


Judge = Callable[[Sequence[Round]], Sequence[Judged]]
"""Judges a round, given those before it that bands are learnt from, the oldest first."""
_COLUMNS = ", ".join(field.name for field in fields(Origin))


class History:
    """The rounds of a voice; close it, or use it with ``with``.

    Parameters
    ----------
    path : Path
        The file.
    new : bool
        Make a file that is not there; else that is an error.

    Raises
    ------
    NotFoundError
        There is no such file, and none is to be made.
    RequestError
        The file is something else, or damaged.
    SchemaVersionError
        It was written by a newer version of Tingshuo.
    OutputError
        It cannot be written.
    """

    def __init__(self, path: Path, *, new: bool = True) -> None:
        self.path = path
        if not new and not path.is_file():
            raise NotFoundError(f"{path}: there is no history yet; tingshuo monitor VOICE --once begins one")
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        try:
            with self._told():
                self._check()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def record(self, origin: Origin, judge: Judge, *, fresh: bool = False, at: datetime | None = None) -> Round:
        """Judge a round and write it, in one transaction.

        Parameters
        ----------
        origin : Origin
            What was measured.
        judge : callable
            Given the first rounds of the same series and machine since the last ``fresh`` one, as many as bands are learnt from.
        fresh : bool
            Begin to learn anew with this round.
        at : datetime or None
            When; None is now.

        Raises
        ------
        OutputError
            The file cannot be written; nothing of the round is in it.
        """
        with self._told(), self._writing():
            figures = tuple(judge([] if fresh else self._learnt_from(origin.series, origin.machine)))
            when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
            row = [when, int(fresh), *(getattr(origin, field.name) for field in fields(Origin))]
            marks = ", ".join("?" * len(row))
            found = self._db.execute(f"INSERT INTO rounds (at, fresh, {_COLUMNS}) VALUES ({marks})", row)  # noqa: S608  our names
            number = int(found.lastrowid or 0)
            self._db.executemany(
                "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [(number, *_row(figure)) for figure in figures]
            )
        return Round(number, when, fresh, origin, figures)

    def rounds(self, series: str, machine: str) -> list[Round]:
        """Return the rounds of a series on a machine, the oldest first."""
        with self._told():
            return self._rounds("SELECT id FROM rounds WHERE series = ? AND machine = ?", (series, machine))

    def _learnt_from(self, series: str, machine: str) -> list[Round]:
        """Return the rounds that a new one may learn from: the first `ROUNDS` since the last that began anew."""
        last = "SELECT coalesce(max(id), 0) FROM rounds WHERE series = ? AND machine = ? AND fresh"
        chosen = f"SELECT id FROM rounds WHERE series = ? AND machine = ? AND id >= ({last}) ORDER BY id LIMIT {ROUNDS}"  # noqa: S608
        return self._rounds(chosen, (series, machine, series, machine))

    def _rounds(self, chosen: str, values: tuple[str, ...]) -> list[Round]:
        """Return rounds by a query for their ids, the oldest first."""
        figures: dict[int, list[Judged]] = {}
        for number, *row in self._db.execute(f"SELECT * FROM figures WHERE round IN ({chosen})", values):  # noqa: S608
            figures.setdefault(number, []).append(_judged(row))
        order = {name: place for place, name in enumerate(known_names())}
        found = []
        query = f"SELECT id, at, fresh, {_COLUMNS} FROM rounds WHERE id IN ({chosen}) ORDER BY id"  # noqa: S608  our own names
        for number, at, fresh, *columns in self._db.execute(query, values):
            origin = Origin(**dict(zip((field.name for field in fields(Origin)), columns, strict=True)))
            own = sorted((f for f in figures.get(number, []) if f.name in order), key=lambda figure: order[figure.name])
            found.append(Round(number, at, bool(fresh), origin, tuple(own)))
        return found

    def _check(self) -> None:
        """Refuse what is not ours; give an empty file its tables."""
        if self._number("user_version") == 0:
            with self._writing():
                # Another monitor may have made them meanwhile.
                if self._number("user_version") == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                    for statement in (
                        *_SCHEMA,
                        f"PRAGMA application_id = {APPLICATION_ID}",
                        f"PRAGMA user_version = {SCHEMA_VERSION}",
                    ):
                        self._db.execute(statement)
        if self._number("application_id") != APPLICATION_ID:
            raise RequestError(f"{self.path}: is a database of another program; give another file", "history")
        version = self._number("user_version")
        if version != SCHEMA_VERSION:
            raise SchemaVersionError(
                f"{self.path}: schema version {version} is not known here (known: {SCHEMA_VERSION}); update tingshuo"
            )
        self._db.execute("PRAGMA synchronous = FULL")

    def _number(self, pragma: str) -> int:
        return int(self._db.execute(f"PRAGMA {pragma}").fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of the block or nothing; others that write wait from its beginning on."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong with the file."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise OutputError(f"{self.path}: the history cannot be read or written: {error}") from error
        except sqlite3.DatabaseError as error:
            raise RequestError(f"{self.path}: is damaged, or no history ({error}); give another file", "history") from error


def history_path(name: str) -> Path:
    """Return the file that the rounds of a voice of this name are kept in, unless another is given."""
    return home() / "monitor" / f"{name}.sqlite3"


def since_fresh(rounds: Sequence[Round]) -> Sequence[Round]:
    """Return the rounds that bands are learnt from: those since the last one that began anew."""
    return rounds[max((place for place, one in enumerate(rounds) if one.fresh), default=0) :]


def _row(figure: Judged) -> tuple[Any, ...]:
    """Return the columns of a figure; SQLite has no NaN, but NULL."""
    reading, band = figure.reading, figure.band
    return (
        reading.name,
        *map(_known, (reading.value, reading.low, reading.high)),
        reading.n,
        band.low,
        band.high,
        figure.verdict,
    )


def _judged(row: Sequence[Any]) -> Judged:
    name, value, low, high, n, band_low, band_high, verdict = row
    value, low, high = (math.nan if number is None else float(number) for number in (value, low, high))
    return Judged(Reading(name, value, low, high, n), Band(band_low, band_high), verdict)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
