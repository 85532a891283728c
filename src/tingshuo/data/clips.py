"""Samples of clips: the part of a sound file that an `Utterance` names, mono, at the rate that is asked for.

A shard holds hundreds of clips. `read_clips` opens each file once and goes through it from its beginning, because a seek in an
Opus or MP3 stream costs more than decoding on and differs from it by rounding (up to 0.002).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from tingshuo.audio.resample import resample
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.types import Wav

BLOCK_SAMPLES = 1 << 16
EXACT_SEEKS = frozenset(("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "AU", "CAF", "NIST"))
"""Formats of libsndfile in which a seek arrives at the very sample; the others are decoded from their beginning."""

UNKNOWN_LENGTH = 1 << 62
"""libsndfile gives such a number of samples for a FLAC that was written as a stream."""
CUT_OFF_S = 0.1
"""A file whose samples end this much before what its header promises was not copied whole."""


class Recording(NamedTuple):
    """A clip as it was recorded: (T,) samples, the mean of all channels, and their rate in Hz."""

    wav: Wav
    sample_rate: int


def read_clip(utterance: Utterance, sample_rate: int) -> Wav:
    """Read one clip.

    Parameters
    ----------
    utterance : Utterance
        What to read; its ``audio`` is taken as it is, as `read_manifest` returns it.
    sample_rate : int
        Hz.

    Returns
    -------
    Wav
        (T,), at least one sample, all finite.

    Raises
    ------
    DataError
        The file is missing, cannot be decoded or has no samples, the clip lies outside it or has a sample that is not a number.
    """
    recording = read_recording(utterance)
    return resample(recording.wav, recording.sample_rate, sample_rate)


def read_recording(utterance: Utterance) -> Recording:
    """Read one clip at the rate of its file; otherwise as `read_clip`."""
    with _Tape(utterance.audio, seeks=True) as tape:
        return tape.take(utterance)


def read_clips(rows: Iterable[Utterance], sample_rate: int) -> Iterator[tuple[Utterance, Wav | DataError]]:
    """Read many clips, file by file, each from its beginning to its end.

    Parameters
    ----------
    rows : iterable of Utterance
        In any order.
    sample_rate : int
        Hz.

    Yields
    ------
    tuple
        The row with its samples, or with the error that `read_clip` would raise: one bad clip does not end the reading.
        Files come in the order of their first row, the clips of a file in order of their start.
    """
    for row, found in read_recordings(rows):
        yield row, found if isinstance(found, DataError) else resample(found.wav, found.sample_rate, sample_rate)


def read_recordings(rows: Iterable[Utterance]) -> Iterator[tuple[Utterance, Recording | DataError]]:
    """Read many clips at the rates of their files; otherwise as `read_clips`."""
    files: dict[str, list[Utterance]] = {}
    for row in rows:
        files.setdefault(row.audio, []).append(row)
    for audio, clips in files.items():
        try:
            with _Tape(audio) as tape:
                for row in sorted(clips, key=lambda row: row.start_samples):
                    yield row, _take(tape, row)
        except DataError as error:  # of the whole file: raised before its first clip
            yield from ((row, error) for row in clips)


def _take(tape: "_Tape", row: Utterance) -> Recording | DataError:
    try:
        return tape.take(row)
    except DataError as error:
        return error


class _Tape:
    """An open sound file that is wound forward from clip to clip; clips are taken in order of their start and may overlap.

    ``seeks`` allows to seek in any format.
    """

    def __init__(self, audio: str, *, seeks: bool = False) -> None:
        import soundfile

        self._audio = audio
        if not Path(audio).is_file():
            raise DataError(f"{audio}: no such file")
        self._failures = (soundfile.LibsndfileError, OSError)
        try:
            self._file: Any = soundfile.SoundFile(audio)
        except self._failures as error:
            raise self._unreadable(error) from error
        self._seeks = self._file.seekable() and (seeks or self._file.format in EXACT_SEEKS)
        # soundfile seeks after every block that it reads. That spoils Opus and MP3; reading on needs no seeking.
        self._file._info.seekable = 0
        self._held = np.zeros(0, np.float32)
        self._start = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def take(self, row: Utterance) -> Recording:
        """Read the samples of one clip."""
        total: int = self._file.frames
        end = None if row.n_samples is None else row.start_samples + row.n_samples
        if not total:
            raise DataError(f"{self._audio}: holds no samples")
        if row.start_samples >= total or (end or 0) > total:
            raise self._outside(row, total)
        try:
            self._wind(row.start_samples)
            self._read_to(end)
        except self._failures as error:
            raise self._unreadable(error) from error
        wav = self._held[: None if end is None else end - self._start]
        if not len(wav) or (end is not None and len(wav) < end - row.start_samples):
            raise self._outside(row, self._start + len(self._held))
        if end is None and total < UNKNOWN_LENGTH and total - self._start - len(wav) > CUT_OFF_S * self._file.samplerate:
            raise DataError(f"{self._audio}: is cut off: it holds {self._start + len(wav)} of its {total} samples")
        finite = np.isfinite(wav)
        if not finite.all():
            at = row.start_samples + int(np.argmin(finite))
            raise DataError(f"{self._audio}: sample {at} of clip {row.id!r} is not a finite number")
        return Recording(wav.copy(), self._file.samplerate)

    def _wind(self, start: int) -> None:
        """Let what is held begin at sample ``start``, which is never before its present beginning."""
        position = self._start + len(self._held)
        if start > position and self._seeks:
            self._file._info.seekable = 1
            self._file.seek(start)
            self._file._info.seekable = 0
            position = start
        while start > position:
            got = len(self._file.read(min(BLOCK_SAMPLES, start - position), dtype="float32", always_2d=True))
            if not got:
                break
            position += got
        self._held = self._held[start - self._start :] if start < position else np.zeros(0, np.float32)
        self._start = start

    def _read_to(self, end: int | None) -> None:
        """Add to what is held until it reaches sample ``end``, or the end of the file."""
        blocks = [self._held]
        wanted = np.inf if end is None else end - self._start - len(self._held)
        while wanted > 0:
            block = self._file.read(int(min(BLOCK_SAMPLES, wanted)), dtype="float32", always_2d=True)
            if not len(block):
                break
            blocks.append(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1))
            wanted -= len(block)
        self._held = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]

    def _outside(self, row: Utterance, total: int) -> DataError:
        end = "its end" if row.n_samples is None else str(row.start_samples + row.n_samples)
        return DataError(f"{self._audio}: clip {row.id!r} is samples {row.start_samples} to {end}, but the file has {total}")

    def _unreadable(self, error: Exception) -> DataError:
        reason = str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error).rstrip(".")
        return DataError(f"{self._audio}: cannot be read as audio: {reason}")
