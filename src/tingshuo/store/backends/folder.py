"""A folder as a place for versions: on another disk, or one that several machines see."""

import os
from collections.abc import Iterator
from pathlib import Path

from tingshuo.errors import NotFoundError, RegistryError
from tingshuo.store.atomic import replace_file
from tingshuo.store.backends.backends import Stat
from tingshuo.store.locks import locked
from tingshuo.store.manifest import check_relative_path

_CHUNK_BYTES = 1 << 20
_PATIENCE_S = 10.0
"""So long it waits for another who is writing a small object."""


class Folder:
    """Objects are files; nothing is made until something is written.

    Parameters
    ----------
    root : Path
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = str(root)

    def stat(self, key: str) -> Stat | None:
        """Return size and tag of a file, None when there is none."""
        try:
            status = self._path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RegistryError(f"{error.filename}: cannot be read: {error.strerror}") from error
        return Stat(status.st_size, f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}")

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                file.seek(start)
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"{path}: is not there") from None
        except OSError as error:
            raise RegistryError(f"{path}: cannot be read: {error.strerror}") from error

    def put(self, key: str, content: bytes | Path) -> str:
        """Write a file by a rename; a folder has no version ids."""
        replace_file(self._path(key), content)
        return ""

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write a file by a rename, while no other program does, unless it has changed."""
        with locked(self.root / ".lock", wait_s=_PATIENCE_S):
            now = self.stat(key)
            if (now.tag if now else None) != tag:
                return False
            replace_file(self._path(key), content)
        return True

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the files below a folder; hidden ones are of writings under way."""
        if not self.root.is_dir():
            raise RegistryError(f"{self.root}: there is no such folder")
        for parent, _, names in os.walk(self._path(prefix.rstrip("/"))):
            for name in names:
                if not name.startswith("."):
                    yield Path(parent, name).relative_to(self.root).as_posix()

    def _path(self, key: str) -> Path:
        return self.root / check_relative_path(key)


def open_folder(place: str, *, allow_http: bool = False) -> Folder:
    """Open the folder of a path; it need not exist."""
    return Folder(Path(place).expanduser())
