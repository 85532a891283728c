"""The one writer of audio: as a stream of bytes, as bytes, as a file that is there whole or not at all.

Command line and server both use it, so the same samples make the same bytes everywhere.
"""

import errno
import os
import weakref
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Self

from tingshuo.audio.encoders import Encoder
from tingshuo.audio.formats import FORMATS, find_format, format_of, media_type
from tingshuo.audio.label.field import AigcField
from tingshuo.errors import AudioError, OutputError
from tingshuo.types import Wav

__all__ = ["FORMATS", "Encoder", "FileWriter", "encode", "media_type", "open_encoder", "write"]

_REASONS = {
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOENT: "its folder does not exist; make it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another path",
    errno.EISDIR: "it is a folder; give the path of a file",
    errno.ENOSPC: "the disk is full; free some space or choose another disk",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another disk",
    errno.ENXIO: "it is a device or a pipe; give the path of a file",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def open_encoder(
    format: str, sample_rate: int, *, channels: int = 1, seekable: bool = False, field: AigcField | None = None
) -> Encoder:
    """Start a streaming encoder.

    Parameters
    ----------
    format : str
        A name of `FORMATS` or an alias.
    sample_rate : int
        Hz, of the samples that will come; resampled when the container cannot have it.
    channels : int
        1 for samples of shape (T,), otherwise (channels, T).
    seekable : bool
        Whether the caller will apply the encoder's ``patches`` to the beginning of what it wrote. Otherwise the bytes make a
        valid stream as they come.
    field : AigcField or None
        The implicit label, in the first bytes; None writes no label.

    Raises
    ------
    AudioError
        Unknown format, or one that cannot have this many channels, or a field for a format without a place for it.
    EncoderNotInstalledError
        The format's encoder is not on this machine.
    """
    row = find_format(format)
    if field is not None and not row.carries_field:
        accepted = ", ".join(name for name, other in FORMATS.items() if other.carries_field)
        raise AudioError(f"{row.name} is bare samples without a place for the AIGC field; choose one of {accepted}")
    module, _, name = row.encoder.partition(":")
    encoder: Encoder = getattr(import_module(module), name)(row, sample_rate, channels, seekable=seekable, field=field)
    return encoder


def encode(wav: Wav, sample_rate: int, format: str, *, field: AigcField | None = None) -> bytes:
    """Return the bytes of a whole file: those that `write` writes.

    Parameters
    ----------
    wav : Wav
        Shape (T,) or (channels, T), [-1, 1]; saturated beyond.
    sample_rate : int
        Hz.
    format : str
        A name of `FORMATS` or an alias.
    field : AigcField or None
        As for `open_encoder`.

    Raises
    ------
    AudioError
        Unknown format, samples that are not finite, a field for bare samples, or a failing encoder.
    EncoderNotInstalledError
        The format's encoder is not on this machine.
    """
    with open_encoder(format, sample_rate, channels=_channels(wav), seekable=True, field=field) as encoder:
        data = bytearray(encoder.encode(wav))
        data += encoder.finish()
    for offset, patch in encoder.patches:
        data[offset : offset + len(patch)] = patch
    return bytes(data)


def write(path: str | Path, wav: Wav, sample_rate: int, format: str | None = None, *, field: AigcField | None = None) -> None:
    """Write an audio file; it appears whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where; a file that is there is replaced.
    wav : Wav
        Shape (T,) or (channels, T), [-1, 1]; saturated beyond.
    sample_rate : int
        Hz.
    format : str or None
        A name of `FORMATS` or an alias; None takes it from the extension.
    field : AigcField or None
        As for `open_encoder`.

    Raises
    ------
    AudioError
        Unknown format or extension, samples that are not finite, a field for bare samples, or a failing encoder.
    EncoderNotInstalledError
        The format's encoder is not on this machine.
    OutputError
        The path cannot be written.
    """
    with FileWriter(path, sample_rate, format, channels=_channels(wav), field=field) as writer:
        writer.write(wav)


def _channels(wav: Wav) -> int:
    return 1 if wav.ndim == 1 else len(wav)


class FileWriter:
    """Writes a file piece by piece in constant memory; use it in a ``with`` block.

    The bytes go into a hidden file in the same folder. Leaving the block puts it in place; an error in the block removes it and
    leaves an older file as it was.

    Parameters
    ----------
    path, sample_rate, format
        As for `write`.
    channels : int
        1 for samples of shape (T,), otherwise (channels, T).
    field : AigcField or None
        As for `open_encoder`.

    Attributes
    ----------
    size : int
        Bytes written so far.

    Raises
    ------
    AudioError
        Unknown format or extension.
    EncoderNotInstalledError
        The format's encoder is not on this machine.
    OutputError
        The path cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        sample_rate: int,
        format: str | None = None,
        *,
        channels: int = 1,
        field: AigcField | None = None,
    ) -> None:
        self.size = 0
        self._shown = Path(path)
        name = format or format_of(self._shown).name
        self._encoder = open_encoder(name, sample_rate, channels=channels, seekable=True, field=field)
        try:
            # A symbolic link stays a link: what it points to is replaced.
            self._path = Path(os.path.realpath(path))
            self._check_place()
            self._temporary = self._path.parent / f".tingshuo-{os.urandom(6).hex()}.partial"
            # Before it is there: an interruption may come between any two steps, and the program then ends without `__exit__`.
            self._forget = weakref.finalize(self, _unlink, self._temporary)
            self._file = self._temporary.open("xb")
        except (OSError, ValueError) as error:
            self._encoder.close()
            raise self._refusal(error) from error

    def write(self, wav: Wav) -> None:
        """Add samples of shape (T,) or (channels, T).

        Raises
        ------
        AudioError
            A sample is not finite, the container is full or the encoder failed.
        OutputError
            The disk refuses.
        """
        data = self._encoder.encode(wav)
        try:
            self._file.write(data)
        except OSError as error:
            raise self._refusal(error) from error
        self.size += len(data)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Put the file in place, or remove it after an error."""
        try:
            if error is None:
                self._complete()
        except OSError as refused:
            raise self._refusal(refused) from refused
        finally:
            self._encoder.close()
            with suppress(OSError):
                self._file.close()
            self._forget()

    def _complete(self) -> None:
        self._file.write(self._encoder.finish())
        for offset, patch in self._encoder.patches:
            self._file.seek(offset)
            self._file.write(patch)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._temporary.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check_place(self) -> None:
        """Refuse what a rename would spoil: a folder, a device, a pipe."""
        if self._path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if self._path.exists() and not self._path.is_file():
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))

    def _refusal(self, error: OSError | ValueError) -> OutputError:
        """Return the error to raise for one of the system; a ValueError is about characters of the path."""
        if isinstance(error, OSError):
            reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        else:
            reason = "the path has characters that no file name can have; choose another"
        return OutputError(f"{str(self._shown)!r} cannot be written: {reason}")


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
