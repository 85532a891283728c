"""A recording of any kind as one channel at one rate, block by block: the mean of its channels, resampled.

Files go through libsndfile, and those that it does not know, such as m4a and videos, through ffmpeg where there is one. However
long a recording is, one block of it is in memory.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from tingshuo.audio.read import BLOCK_SAMPLES, Reader
from tingshuo.audio.resample import Resampled
from tingshuo.errors import AudioError, EncoderNotInstalledError
from tingshuo.types import Wav

Source = str | Path | IO[bytes] | tuple[Wav, int]
"""A path, a binary file that can be sought, or samples, (T,) or (channels, T), and their rate in Hz."""
LOWEST_HZ, HIGHEST_HZ = 1000, 768_000
"""Sample rates that are believed."""
BY_FFMPEG = frozenset("3gp aac ac3 amr asf avi dts flv m4a m4v mka mkv mov mp4 mpeg mpg mts opus ra rm ts webm wma wmv".split())
"""Extensions of files that often need ffmpeg."""
BY_SNDFILE = frozenset("aif aifc aiff au caf flac mp3 oga ogg opus rf64 snd w64 wav wave".split())
"""Extensions of files that libsndfile reads."""
SOUNDS = BY_FFMPEG | BY_SNDFILE
"""Extensions, lower case without the dot, of files that have a sound in them."""


class MonoBlocks:
    """The samples of a recording; to be gone through once.

    Parameters
    ----------
    source : Source
        What to read.
    sample_rate : int
        Hz of the blocks.

    Attributes
    ----------
    promised_s : float or None
        How long the recording says it is; None where it does not.
    heard_s : float
        How much of it was read so far.
    wrong_samples : int
        How many of the samples read so far were no numbers (NaN) or infinite; they became silence.
    """

    def __init__(self, source: Source, sample_rate: int) -> None:
        self._source, self._rate = source, sample_rate
        self.promised_s: float | None = None
        self.heard_s = 0.0
        self.wrong_samples = 0

    def __iter__(self) -> Iterator[Wav]:
        """Yield blocks (T,) of samples in [-1, 1].

        Raises
        ------
        AudioError
            Nothing there, not audio, of an unbelievable rate, without a sample, or it cannot be read on.
        EncoderNotInstalledError
            It needs ffmpeg, and there is none.
        """
        for block in self._found():
            self.heard_s += len(block) / self._rate
            if len(block):
                yield np.clip(block, -1, 1)
        if not self.heard_s:
            raise AudioError(f"{_name(self._source)}: holds no samples")

    def _found(self) -> Iterator[Wav]:
        if isinstance(self._source, tuple):
            wav, rate = self._source
            channels = np.atleast_2d(np.asarray(wav, np.float32))
            self.promised_s = channels.shape[1] / rate if rate > 0 else 0.0
            pieces = (channels[:, n : n + BLOCK_SAMPLES] for n in range(0, channels.shape[1], BLOCK_SAMPLES))
            yield from self._mixed(pieces, rate)
            return
        if isinstance(self._source, str | Path) and Path(self._source).is_file() and not Path(self._source).stat().st_size:
            raise AudioError(f"{self._source}: is empty")
        try:
            reader = Reader(self._source)
        except AudioError as error:
            if isinstance(self._source, str | Path) and not Path(self._source).is_file():
                raise
            yield from self._by_ffmpeg(error)
            return
        with reader:
            if reader.n_samples is not None and reader.sample_rate > 0:
                self.promised_s = reader.n_samples / reader.sample_rate
            yield from self._mixed(reader, reader.sample_rate)

    def _mixed(self, blocks: "Iterator[Wav] | Reader", rate: int) -> Iterator[Wav]:
        """Yield blocks (channels, T) as one channel at the rate wanted."""
        if not LOWEST_HZ <= rate <= HIGHEST_HZ:
            raise AudioError(
                f"{_name(self._source)}: says that it has {rate} samples a second; {LOWEST_HZ} to {HIGHEST_HZ} are believed"
            )
        resampled = Resampled(rate, self._rate)
        for block in blocks:
            yield resampled.feed(self._sane(block).mean(axis=0, dtype=np.float32))
        yield resampled.finish()

    def _by_ffmpeg(self, refused: AudioError) -> Iterator[Wav]:
        """Yield the blocks of what libsndfile refused."""
        from tingshuo.audio.ffmpeg import decode_blocks

        assert not isinstance(self._source, tuple)
        with _as_file(self._source) as path:
            try:
                for block in decode_blocks(path, self._rate):
                    yield self._sane(block)
            except EncoderNotInstalledError as error:
                raise (error if path.suffix[1:].lower() in BY_FFMPEG else refused) from None
            except AudioError as error:
                if isinstance(self._source, str | Path) and "no sound in it" in str(error):
                    raise
                raise refused from error

    def _sane(self, block: Wav) -> Wav:
        """Return samples with silence in the place of those that are no numbers."""
        good = np.isfinite(block)
        if good.all():
            return block
        self.wrong_samples += int(good.size - np.count_nonzero(good))
        return np.where(good, block, np.float32(0))


def _name(source: Source) -> str:
    return str(source) if isinstance(source, str | Path) else "the audio"


@contextmanager
def _as_file(source: str | Path | IO[bytes]) -> Iterator[Path]:
    """Give a path to read from; what is no file on the disk is copied to one."""
    if isinstance(source, str | Path):
        yield Path(source)
        return
    source.seek(0)
    with tempfile.NamedTemporaryFile(prefix="tingshuo-") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name)
