"""What is left of a voice outside of bundles: what was measured of a speaker, and hashes of files that were theirs.

The layout of the measurements is that of `tingshuo.tasks.monitor.history`, one SQLite file for each voice.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path

from tingshuo.errors import OutputError
from tingshuo.store.atomic import flush, replace_file
from tingshuo.store.holdings import Hit, Wanted

_APPLICATION_ID = 0x54534D4F
"""Marks a file of measurements, ``TSMO`` in ASCII."""
_HASHES = "cache/hashes.json"
"""As `tingshuo.store.hash_cache` keeps them."""
_PATIENCE_S = 30.0


def find_measurements(home: Path, wanted: Wanted) -> Iterator[Hit]:
    """Yield a hit for each voice of which rounds with the speaker are kept; ``size`` is the file's."""
    for path in sorted((home / "monitor").glob("*.sqlite3")):
        if wanted.voice not in (None, path.stem) or wanted.speaker is None:
            continue
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                continue
            (n,) = db.execute("SELECT COUNT(*) FROM rounds WHERE speaker = ?", (wanted.speaker,)).fetchone()
            if n:
                yield Hit(path, "measurements", path.stat().st_size, f"{n} rounds")


def remove_measurements(path: Path, speaker: str) -> None:
    """Remove the rounds of a speaker; what they held is overwritten in the file, which goes when nothing is left in it.

    Raises
    ------
    OutputError
        The file cannot be read or written.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete = ON")
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM figures WHERE round IN (SELECT id FROM rounds WHERE speaker = ?)", (speaker,))
            db.execute("DELETE FROM rounds WHERE speaker = ?", (speaker,))
            db.execute("COMMIT")
            left = db.execute("SELECT COUNT(*) FROM rounds").fetchone()[0]
        if not left:
            path.unlink()
            flush(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise OutputError(f"{path}: cannot be written: {error}") from error


def find_hashes(home: Path, digests: Collection[str]) -> Iterator[Hit]:
    """Yield a hit when hashes of files that were the person's are remembered."""
    path = home / _HASHES
    there = [digest for digest in _read(path).values() if digest in digests]
    if there:
        yield Hit(path, "hashes", sum(map(len, there)), f"{len(there)} hashes")


def remove_hashes(path: Path, digests: Collection[str]) -> None:
    """Take hashes from those that are remembered; raises OutputError when they cannot be written."""
    document = json.loads(path.read_text("utf-8"))
    document["hashes"] = {key: digest for key, digest in _read(path).items() if digest not in digests}
    replace_file(path, json.dumps(document).encode(), 0o600)


def _read(path: Path) -> dict[str, str]:
    """Return what is remembered; what cannot be read is nothing, as for those who use it."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        return dict(json.loads(path.read_text("utf-8"))["hashes"])
    return {}
