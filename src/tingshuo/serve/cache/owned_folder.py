"""A folder that goes with its process, however it ends: for what a server keeps while it runs."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tingshuo.errors import OutputError
from tingshuo.store.owned_folders import make_owned


class OwnedFolder:
    """An empty folder for this process alone, which is removed when it is closed.

    Parameters
    ----------
    place : Path
        Where folders of this kind lie, of all processes; it is made, for its owner alone, and goes with the last of them.

    Raises
    ------
    OutputError
        It cannot be made, belongs to somebody else, or lies on a disk that knows no locks.
    """

    def __init__(self, place: Path) -> None:
        try:
            self.path, self._descriptor = make_owned(place)
        except OSError as error:
            raise OutputError(f"{place}: cannot be used for what is kept: {error.strerror or error}") from error
        self._process = os.getpid()

    @classmethod
    def temporary(cls) -> Self:
        """Return one among the temporary files of this machine."""
        return cls(Path(tempfile.gettempdir()) / f"tingshuo-audio-{os.getuid()}")

    def close(self) -> None:
        """Remove it and all that is in it; a second time, and in a child that was forked, does nothing."""
        if self._descriptor >= 0 and os.getpid() == self._process:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(OSError):  # others have folders there
                self.path.parent.rmdir()
