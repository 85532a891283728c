"""Where the audio of a command goes: a file, standard output or the loudspeaker; and other files, whole or not at all."""

import contextlib
import os
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tingshuo.audio.write import FileWriter, open_encoder
from tingshuo.errors import OutputError
from tingshuo.types import Wav

STDOUT = Path("-")


class Sink(Protocol):
    """Something that takes samples in order."""

    def write(self, wav: Wav) -> None:
        """Take more samples."""


class Stdout:
    """Standard output: the bytes of a streaming encoder, each as soon as it is made.

    Parameters
    ----------
    sample_rate : int
        Of the samples that will come.
    format : str
        A format of `tingshuo.audio.formats`.
    """

    def __init__(self, sample_rate: int, format: str) -> None:
        self._encoder = open_encoder(format, sample_rate)

    def __enter__(self) -> Self:
        return self

    def write(self, wav: Wav) -> None:
        """Encode and write."""
        sys.stdout.buffer.write(self._encoder.encode(wav))
        sys.stdout.buffer.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what the encoder still holds, unless something went wrong."""
        if error is not None:
            self._encoder.close()
        else:
            sys.stdout.buffer.write(self._encoder.finish())
            sys.stdout.buffer.flush()


def open_sink(output: Path | None, sample_rate: int, format: str) -> AbstractContextManager[Sink]:
    """Return where samples are to go: None is the loudspeaker, ``-`` standard output, else a file that appears at the end."""
    if output is None:
        from tingshuo.app.cli.player import Player

        return Player(sample_rate)
    if output == STDOUT:
        return Stdout(sample_rate, format)
    return FileWriter(output, sample_rate, format)


def check_writable(path: Path) -> None:
    """Fail before the work, not after it.

    Raises
    ------
    OutputError
        The folder is missing or may not be written to, or the path is a folder.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a folder")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: cannot be written: no permission in {path.parent}")


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
