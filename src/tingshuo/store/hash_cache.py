"""Hashes that need not be computed again: of files that are, to the file system, the same as when they were hashed.

A file is known by its device, inode, size and the nanosecond of its last change of content and of its entry (ctime, which no
program can set back). What changed within the last seconds is not remembered: another change might fall into the same moment.
Whoever can write into the user's own folder can write hashes into it too, and a disk that returns other bytes than it was given
is not noticed; who fears either asks for every byte to be read.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from tingshuo.errors import OutputError
from tingshuo.store.atomic import replace_file
from tingshuo.store.blobs import hash_file
from tingshuo.store.home import home

SETTLED_S = 2.0
"""A file must not have changed for so long; some file systems keep whole seconds, FAT two."""
MOST = 20_000
"""Files that are remembered; the oldest entries go first."""
_VERSION = 1


class HashCache:
    """Hashes by file.

    Parameters
    ----------
    path : Path or None
        Where they are kept; None is ``cache/hashes.json`` in `tingshuo.store.home.home`. What cannot be read counts as empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "cache/hashes.json"
        self._known: dict[str, str] = {}
        self._new = False
        with suppress(OSError, ValueError, TypeError, AttributeError, LookupError):
            document = json.loads(self.path.read_text("utf-8"))
            if document.get("version") == _VERSION:
                self._known = {str(key): str(value) for key, value in document["hashes"].items()}

    def __call__(self, path: Path) -> str:
        """Return the SHA-256 of a file, computed or remembered.

        Raises
        ------
        OSError
            It cannot be read.
        """
        before = path.stat()
        key = _key(before)
        if key in self._known:
            return self._known[key]
        digest = hash_file(path)
        if _key(path.stat()) == key and time.time() - max(before.st_mtime, before.st_ctime) > SETTLED_S:
            self._known[key] = digest
            self._new = True
        return digest

    def write(self) -> None:
        """Keep what was learnt; where it cannot be written, the next one computes again."""
        if not self._new:
            return
        kept = dict(list(self._known.items())[-MOST:])
        with suppress(OSError, OutputError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, json.dumps({"version": _VERSION, "hashes": kept}).encode(), 0o600)
            self._new = False


def _key(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
