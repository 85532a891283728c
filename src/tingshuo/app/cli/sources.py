"""Where the text of a command comes from: an argument, a file or standard input."""

import sys
from pathlib import Path

import typer

from tingshuo.errors import RequestError


def read_text(argument: str | None, file: Path | None) -> str:
    """Return the text that a command was given.

    Parameters
    ----------
    argument : str or None
        The text itself; ``-`` means standard input. None means standard input when something is piped in.
    file : Path or None
        A text file.

    Raises
    ------
    RequestError
        None or two of the sources were given, the file cannot be read, or its bytes are not text.
    """
    if argument is not None and file is not None:
        raise RequestError("the text was given twice, as an argument and with --file; give one", "text")
    if file is not None:
        return read_text_file(file)
    if argument is not None and argument != "-":
        return argument
    if argument is None and sys.stdin is not None and sys.stdin.isatty():
        raise _no_text()
    return _read_stdin()


def read_text_file(path: Path) -> str:
    """Return the text of a file, ``-`` is standard input.

    Raises
    ------
    RequestError
        It cannot be read, or its bytes are not text.
    """
    if path == Path("-"):
        return _read_stdin()
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror}", "file") from error


def _read_stdin() -> str:
    if sys.stdin is None:  # the shell's <&-
        raise _no_text()
    return decode(sys.stdin.buffer.read(), "standard input")


def _no_text() -> RequestError:
    return RequestError("there is no text: give it as an argument, with --file FILE, or pipe it in", "text")


def decode(data: bytes, source: str) -> str:
    """Return UTF-8 bytes, with or without a mark, as text; older Chinese files in GB18030 are read too, and that is said.

    Raises
    ------
    RequestError
        They are neither.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        first_bad = error.start
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        raise RequestError(f"{source}: is not UTF-8 (byte {first_bad} is wrong) nor GB18030; save it as UTF-8", "text") from None
    typer.echo(f"Warning: {source} is not UTF-8; it was read as GB18030", err=True)
    return text
