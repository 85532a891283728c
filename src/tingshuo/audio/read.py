"""Read audio files of every kind that libsndfile knows: wav, flac, mp3, ogg, aiff and more."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import numpy as np

from tingshuo.errors import AudioError
from tingshuo.types import Wav

BLOCK_SAMPLES = 1 << 18
"""Of all channels together, that are read at a time."""
UNKNOWN_LENGTH = 1 << 62
"""libsndfile gives such a number of samples for a FLAC that was written as a stream."""


class Reader:
    """A file that is read block by block, to be closed by ``with``.

    Parameters
    ----------
    source : str, Path or binary file
        What to read; a file object must be seekable and is left open.

    Attributes
    ----------
    sample_rate, channels : int
        Of the file.
    n_samples : int or None
        How many of each channel its header promises, there may be more or fewer; None where it does not know.

    Raises
    ------
    AudioError
        Nothing there, no permission, not audio, or cut off inside a header.
    """

    def __init__(self, source: str | Path | IO[bytes]) -> None:
        import soundfile

        self._name = str(source) if isinstance(source, str | Path) else "the audio"
        if isinstance(source, str | Path) and not Path(source).is_file():
            raise AudioError(f"{self._name}: no such file")
        try:
            self._file = soundfile.SoundFile(source)
        except (soundfile.LibsndfileError, OSError) as error:
            raise self._unreadable(error) from error
        self.sample_rate, self.channels = self._file.samplerate, self._file.channels
        self.n_samples = self._file.frames if self._file.frames < UNKNOWN_LENGTH else None
        # soundfile seeks after each block. FLAC written as a stream cannot do that, and MP3 complains on stderr of the bits
        # that its frames borrow from those before; reading on needs no seeking.
        self._file._info.seekable = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Wav]:
        """Yield blocks (channels, T) of samples in [-1, 1], `BLOCK_SAMPLES` of all channels together.

        Raises
        ------
        AudioError
            It cannot be read on.
        """
        import soundfile

        size = max(1, BLOCK_SAMPLES // self.channels)
        try:
            while len(block := self._file.read(size, dtype="float32", always_2d=True)):
                yield block.T
        except (soundfile.LibsndfileError, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> AudioError:
        reason = (getattr(error, "error_string", None) or str(error)).rstrip(".")
        # Said of a file that is there, and of another kind.
        why = "" if reason.startswith("File does not exist") else f" ({reason})"
        return AudioError(f"{self._name}: cannot be read as audio{why}; give a wav, flac, mp3 or ogg file")


def read(source: str | Path | IO[bytes]) -> tuple[Wav, int]:
    """Read a whole file.

    Parameters
    ----------
    source : str, Path or binary file
        As `Reader` takes it.

    Returns
    -------
    tuple
        Samples in [-1, 1], shape (channels, T), at least one; and the sample rate in Hz.

    Raises
    ------
    AudioError
        As of `Reader`, or without a sample.
    """
    with Reader(source) as reader:
        blocks = list(reader)
    if not blocks:
        name = str(source) if isinstance(source, str | Path) else "the audio"
        raise AudioError(f"{name}: holds no samples")
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)), reader.sample_rate


def read_mono(source: str | Path | IO[bytes], sample_rate: int | None = None) -> tuple[Wav, int]:
    """Read a file as the mean of its channels.

    Parameters
    ----------
    source : str, Path or binary file
        As for `read`.
    sample_rate : int or None
        Hz to resample to; None keeps the file's.

    Returns
    -------
    tuple
        Samples, shape (T,), and their rate in Hz.

    Raises
    ------
    AudioError
        As for `read`.
    """
    wav, rate = read(source)
    mono: Wav = wav[0] if len(wav) == 1 else wav.mean(axis=0)
    if sample_rate is None or sample_rate == rate:
        return mono, rate
    from tingshuo.audio.resample import resample

    return resample(mono, rate, sample_rate), sample_rate
