"""Files by what they hold: each content once, under the name of its SHA-256, never changed.

A bundle of the registry is made of hard links to them, so versions that share a file share its bytes; where the disk has no hard
links they are copies. Blobs are read-only, because whoever changed one in place would change it in every version.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tingshuo.store.atomic import flush

_DIGEST = re.compile(r"[0-9a-f]{64}")
READABLE, PRIVATE = 0o444, 0o400
"""Permissions of a blob, and of one that is for its owner alone."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Blobs:
    """A folder of blobs; nothing is made until something is put into it.

    Parameters
    ----------
    folder : Path
        On the same disk as whatever is to be linked from it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Return where the blob of a digest lies, whether or not it is there."""
        return self.folder / digest[:2] / digest

    def __contains__(self, digest: str) -> bool:
        """Whether a blob is there; its content is not checked."""
        return self.path(digest).is_file()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the digests of all blobs, in order."""
        if self.folder.is_dir():
            for parent in sorted(self.folder.iterdir()):
                if parent.is_dir():
                    yield from sorted(path.name for path in parent.iterdir() if _DIGEST.fullmatch(path.name))

    def put(self, source: Path, digest: str, *, private: bool = False) -> bool:
        """Take a file in; it is flushed to the disk, and not yet compared with its digest.

        Parameters
        ----------
        source : Path
            What to copy.
        digest : str
            Its SHA-256.
        private : bool
            For the owner alone.

        Returns
        -------
        bool
            Whether it was not there yet.

        Raises
        ------
        OSError
            The folder cannot be written; nothing is left behind.
        """
        destination = self.path(digest)
        if destination.is_file() and destination.stat().st_size == source.stat().st_size:
            return False
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = destination.with_name(f".{digest}.{os.getpid()}.partial")
        try:
            shutil.copyfile(source, temporary)
            temporary.chmod(PRIVATE if private else READABLE)
            flush(temporary)
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
        flush(destination.parent)
        return True

    def take(self, source: Path, digest: str, *, private: bool = False) -> None:
        """Make a file a blob by a rename: one on the same disk, flushed, and known to hold what the digest says.

        Raises
        ------
        OSError
            There is no such file, or the folder cannot be written.
        """
        destination = self.path(digest)
        destination.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(PRIVATE if private else READABLE)
        source.replace(destination)
        flush(destination.parent)

    def link(self, digest: str, destination: Path) -> None:
        """Let a blob appear at a path too; a copy where there are no hard links.

        Raises
        ------
        OSError
            There is no such blob, or the path cannot be written.
        """
        destination.parent.mkdir(parents=True, exist_ok=True)
        source = self.path(digest)
        try:
            os.link(source, destination)
        except OSError:
            if destination.exists() or not source.exists():
                raise
            shutil.copy(source, destination)  # with its permissions
            flush(destination)

    def sound(self, digest: str) -> bool:
        """Whether a blob is there and holds what its name says."""
        path = self.path(digest)
        return path.is_file() and hash_file(path) == digest

    def remove(self, digest: str) -> int:
        """Remove a blob; returns its bytes, 0 when it was not there."""
        path = self.path(digest)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size
