"""Where the audio of a command goes: a file, a pipe or the loudspeaker; and other files, whole or not at all."""

import contextlib
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from tingshuo.audio.label.field import AigcField
from tingshuo.audio.write import FileWriter, open_encoder
from tingshuo.errors import OutputError, RequestError
from tingshuo.types import Wav

STDOUT = Path("-")


class Sink(Protocol):
    """Something that takes samples in order."""

    def write(self, wav: Wav) -> None:
        """Take more samples."""


class Pipe:
    """A pipe or a device: the bytes of a streaming encoder, each as soon as it is made.

    Parameters
    ----------
    target : binary file
        Where they go.
    sample_rate : int
        Of the samples that will come.
    format : str
        A format of `tingshuo.audio.formats`.
    field : AigcField or None
        The implicit label.
    owned : bool
        Close the target at the end.
    """

    def __init__(
        self, target: BinaryIO, sample_rate: int, format: str, *, field: AigcField | None = None, owned: bool = False
    ) -> None:
        self._target, self._owned = target, owned
        self._encoder = open_encoder(format, sample_rate, field=field)

    def __enter__(self) -> Self:
        return self

    def write(self, wav: Wav) -> None:
        """Encode and write.

        Raises
        ------
        OutputError
            The device refuses.
        BrokenPipeError
            The reader has gone.
        """
        self._pass_on(self._encoder.encode(wav))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what the encoder still holds, unless something went wrong."""
        try:
            if error is None:
                self._pass_on(self._encoder.finish())
        finally:
            self._encoder.close()
            if self._owned:
                with contextlib.suppress(OSError):  # it was told when it was written
                    self._target.close()

    def _pass_on(self, data: bytes) -> None:
        try:
            self._target.write(data)
            self._target.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"the output cannot be written: {error.strerror}; choose another with -o") from error


def open_sink(output: Path | None, sample_rate: int, format: str, field: AigcField | None = None) -> AbstractContextManager[Sink]:
    """Return where samples are to go: None is the loudspeaker, ``-`` standard output, else a file that appears at the end.

    ``field`` is the implicit label, for a file or a pipe.

    Raises
    ------
    OutputError
        There is no loudspeaker, standard output is closed, or the path cannot be written.
    """
    if output is None:
        from tingshuo.app.cli.player import Player

        return Player(sample_rate)
    if output == STDOUT:
        if sys.stdout is None:
            raise OutputError("standard output is closed; write a file with -o out.wav")
        return Pipe(sys.stdout.buffer, sample_rate, format, field=field)
    if _is_stream(output):
        return Pipe(_open_stream(output), sample_rate, format, field=field, owned=True)
    return FileWriter(output, sample_rate, format, field=field)


def check_writable(path: Path, *, stream: bool = False) -> None:
    """Fail before the work, not after it; ``stream`` is for what may also go to a pipe or a device.

    Raises
    ------
    OutputError
        The folder is missing or may not be written to, or the path is a folder, a pipe or a device.
    """
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a folder; give the path of a file")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}")
    if _is_stream(path):
        if not stream:
            raise OutputError(f"{path}: cannot be written: it is a pipe or a device; give the path of a file")
    elif not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: cannot be written: no permission in {path.parent}")


def check_distinct(paths: Sequence[Path]) -> None:
    """Refuse two files at one place: the second would take the place of the first.

    Raises
    ------
    RequestError
        A path is there twice; the message names it.
    """
    seen: set[str] = set()
    for path in paths:
        place = os.path.realpath(path)
        if place in seen:
            raise RequestError(f"{path}: was given for two files; give each its own", "output")
        seen.add(place)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    from tingshuo.store.atomic import replace_file

    replace_file(Path(os.path.realpath(path)), text.encode())


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _open_stream(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
