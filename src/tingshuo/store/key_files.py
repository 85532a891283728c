"""Files of keys, and secrets that are told from outside: by a variable of the environment or by a command.

A private half is for its owner alone from the first moment, and no file of a key is ever overwritten.
"""

import os
import shlex
from contextlib import suppress
from pathlib import Path

from tingshuo.errors import OutputError, RequestError

MAX_KEY_BYTES = 64 << 10
_PRIVATE, _PUBLIC = 0o600, 0o644


def write_pair(path: Path, private: bytes, public: bytes) -> Path:
    """Write both halves of a key: the private one at ``path`` (0600), the public one beside it as ``path.pub``.

    Returns
    -------
    Path
        Of the public half.

    Raises
    ------
    OutputError
        One of both files exists, or cannot be written; nothing is left behind.
    """
    beside = path.with_name(f"{path.name}.pub")
    for taken in (path, beside):
        if os.path.lexists(taken):
            raise OutputError(f"{taken}: already exists; a key is never overwritten, choose another path")
    _write_new(path, private, _PRIVATE)
    try:
        _write_new(beside, public, _PUBLIC)
    except OutputError:
        path.unlink()
        raise
    return beside


def read_key_file(path: Path, *, secret: bool = False) -> bytes:
    """Read a file of a key.

    Parameters
    ----------
    path : Path
        The file.
    secret : bool
        Refuse one that others than its owner can read.

    Raises
    ------
    RequestError
        It cannot be read, is too large to be a key, or is open to others.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise RequestError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}", "key") from error
    if secret and mode & 0o077:
        raise RequestError(f"{path}: is open to others than its owner; close it with: chmod 600 {shlex.quote(str(path))}", "key")
    if len(data) > MAX_KEY_BYTES:
        raise RequestError(f"{path}: is larger than {MAX_KEY_BYTES} bytes, so it is not a key", "key")
    return data


def from_environment(variable: str, param: str) -> str:
    """Return the value of a variable of the environment; ``param`` is the option that named it.

    Raises
    ------
    RequestError
        It is not set.
    """
    try:
        return os.environ[variable]
    except KeyError:
        raise RequestError(f"the environment variable {variable!r} is not set", param) from None


def from_command(command: str, what: str, param: str) -> str:
    """Run a command without a shell and return what it prints, without the end of its last line.

    Parameters
    ----------
    command : str
        Words are split as a shell would.
    what : str
        What it is to print, for messages.
    param : str
        The option or variable that holds the command.

    Raises
    ------
    RequestError
        It cannot be run, fails, or prints what is no text.
    """
    import subprocess

    try:
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    except (OSError, ValueError, IndexError) as error:
        raise RequestError(f"the command for {what} cannot be run: {error}", param) from error
    if done.returncode != 0:
        raise RequestError(f"the command for {what} ended with code {done.returncode}", param)
    return done.stdout.removesuffix("\n").removesuffix("\r")


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that nobody else has made meanwhile, and that is never readable by more than its mode says."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # whatever the umask is
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
