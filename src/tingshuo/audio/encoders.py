"""What an encoder is, and the two that need no library: samples in, bytes out, and what a finished file has to correct.

Every encoder takes float32 samples in [-1, 1] and saturates beyond; all of them see the same 16-bit samples. The bytes do not
depend on how the samples were cut into pieces.
"""

import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.formats import Format
from tingshuo.audio.label import riff
from tingshuo.audio.label.field import AigcField
from tingshuo.errors import AudioError
from tingshuo.types import Wav

Pcm = NDArray[np.int16]
UNKNOWN_LENGTH = 0xFFFFFFFF
"""Length of a RIFF chunk that is still being written: players read on to the end of the stream."""


def to_pcm16(wav: Wav) -> Pcm:
    """Return 16-bit samples, rounded to the nearest, full scale at and beyond 1 and -1.

    Parameters
    ----------
    wav : Wav
        Any shape, finite.

    Raises
    ------
    AudioError
        A sample is not a number or infinite.
    """
    scaled = np.asarray(wav, np.float32) * np.float32(32768)
    if not np.isfinite(scaled).all():
        raise AudioError("the audio has samples that are not numbers or infinite; it cannot be written")
    np.rint(scaled, out=scaled)
    return np.clip(scaled, -32768, 32767, out=scaled).astype("<i2")


class Encoder:
    """A running encoder; leave it by `finish` or, giving up, by `close`, or use it in a ``with`` block.

    Parameters
    ----------
    format : Format
        What to make.
    sample_rate : int
        Hz, of the samples that will come.
    channels : int
        1 for samples of shape (T,), otherwise (channels, T).
    seekable : bool
        The bytes go where their beginning can be corrected at the end: `patches` says how.
    field : AigcField or None
        The implicit label that the first bytes carry, for a format that has a place for it.
    """

    def __init__(
        self, format: Format, sample_rate: int, channels: int, *, seekable: bool, field: AigcField | None = None
    ) -> None:
        self.media_type = format.media_type
        self.patches: Sequence[tuple[int, bytes]] = ()
        """After `finish` of a seekable encoder: (offset, bytes) to overwrite."""
        self._rate = format.nearest_rate(sample_rate)
        self._channels, self._seekable, self._field = channels, seekable, field
        self._resampler: Any = None
        if self._rate != sample_rate:
            import soxr

            self._resampler = soxr.ResampleStream(sample_rate, self._rate, channels, dtype="float32", quality="HQ")

    def encode(self, wav: Wav) -> bytes:
        """Add samples of shape (T,) or (channels, T); return the bytes that are ready, often none.

        Raises
        ------
        AudioError
            A sample is not finite, the container is full or the encoder failed.
        """
        return self._add(wav, last=False)

    def finish(self) -> bytes:
        """End the stream; return the remaining bytes.

        Raises
        ------
        AudioError
            The encoder failed.
        """
        rest = np.zeros((self._channels, 0) if self._channels > 1 else 0, np.float32)
        out = (self._add(rest, last=True) if self._resampler else b"") + self._finish()
        self.close()
        return out

    def close(self) -> None:
        """Give up and free what is held; harmless when done twice."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()

    def _add(self, wav: Wav, *, last: bool) -> bytes:
        assert wav.ndim == (1 if self._channels == 1 else 2), f"{self._channels} channels, got shape {wav.shape}"
        interleaved = np.ascontiguousarray(wav.T)
        if self._resampler:
            interleaved = self._resampler.resample_chunk(interleaved, last=last)
        return self._encode(to_pcm16(interleaved))

    def _encode(self, pcm: Pcm) -> bytes:
        """Encode samples of shape (T,) or (T, channels)."""
        raise NotImplementedError

    def _finish(self) -> bytes:
        return b""


class PcmEncoder(Encoder):
    """Bare samples."""

    def _encode(self, pcm: Pcm) -> bytes:
        return pcm.tobytes()


class WavEncoder(Encoder):
    """RIFF with one ``fmt`` and one ``data`` chunk, and ``AIGC`` between them where there is a field.

    A stream's lengths stay unknown, a file's are corrected at the end.

    Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991.
    """

    LONGEST_BYTES: ClassVar[int] = 0xFFFFFFFF - 36

    def __init__(
        self, format: Format, sample_rate: int, channels: int, *, seekable: bool, field: AigcField | None = None
    ) -> None:
        super().__init__(format, sample_rate, channels, seekable=seekable, field=field)
        self._label = riff.chunk(field) if field else b""
        self._bytes = 0
        self._started = False

    def _encode(self, pcm: Pcm) -> bytes:
        self._bytes += pcm.nbytes
        if self._seekable and self._bytes + len(self._label) > self.LONGEST_BYTES:
            raise AudioError("the audio is longer than the 4 GB that a WAV file holds; write flac instead")
        return self._start() + pcm.tobytes()

    def _finish(self) -> bytes:
        if self._seekable:
            self.patches = ((0, self._header(36 + len(self._label) + self._bytes, self._bytes)),)
        return self._start()

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._header(UNKNOWN_LENGTH, UNKNOWN_LENGTH)

    def _header(self, riff_bytes: int, data_bytes: int) -> bytes:
        frame = 2 * self._channels
        fmt = (16, 1, self._channels, self._rate, self._rate * frame, frame, 16)
        head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", riff_bytes, b"WAVE", b"fmt ", *fmt)
        return head + self._label + struct.pack("<4sI", b"data", data_bytes)
