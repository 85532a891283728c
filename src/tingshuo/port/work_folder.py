"""A hidden folder for what is half done, beside what it will become; it goes whatever happens, even when we are killed."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tingshuo.errors import OutputError

NETS = "nets.json"
"""Lies in the folder of an import when the graphs of its nets do."""
_GUARD = 'cat >/dev/null; for n in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 1; done'
"""Waits for the end of its input, which comes when we end, however that is; others may be writing for a moment still."""


@contextmanager
def work_folder(destination: Path) -> Iterator[Path]:
    """Yield an empty folder on the disk of a destination, in the nearest folder above it that there is.

    Parameters
    ----------
    destination : Path
        Of what will be made.

    Raises
    ------
    OutputError
        Nothing can be written there.
    """
    near = next(folder for folder in destination.absolute().parents if folder.is_dir())
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", suffix=".partial", dir=near))
    except OSError as error:
        raise OutputError(f"{destination}: cannot be written: {error.strerror or error}") from error
    # A process of the smallest kind, as nobody can clean up after being killed.
    with subprocess.Popen(  # noqa: S603 - our own words
        ["/bin/sh", "-c", _GUARD, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_taken(target: Path, *, force: bool) -> None:
    """Refuse a destination that is there and is no bundle to be replaced.

    Raises
    ------
    OutputError
        It is there.
    """
    if not target.exists():
        return
    from tingshuo.store.manifest import MANIFEST  # here, as it brings numpy along

    if not (force and (target / MANIFEST).is_file()):
        raise OutputError(f"{target}: is there already; give another --output, or --force to take the place of a bundle")
