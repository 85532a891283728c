"""Encoders of libsndfile: FLAC, MP3, Opus. They write as a stream; what they would correct at the end is kept apart."""

from typing import Any, ClassVar

import numpy as np

from tingshuo.audio.encoders import Encoder, Pcm
from tingshuo.audio.formats import Format
from tingshuo.audio.label import flac, id3, oggtags
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.ogg import SerialNumber
from tingshuo.errors import AudioError
from tingshuo.types import Wav

MP3_BITS_PER_S = 64_000
"""For each channel."""
OPUS_BITS_PER_S = 64_000
"""For each channel. Below about 55 kbit/s libopus takes its hybrid coder for speech: four times the work, 9 dB more error."""
OPUS_PAGE_MS = 200.0
"""Audio in one Ogg page: a listener hears nothing before the first is full."""
OPUS_SERIAL = 0x74696E67


class _Sink:
    """A file for libsndfile: appended bytes can be drained at once, corrections of earlier bytes are set apart."""

    def __init__(self) -> None:
        self.fresh = bytearray()
        self.rewrites: list[tuple[int, bytes]] = []
        self.first_write = 0
        self._size = self._position = 0

    def write(self, data: Any) -> int:
        data = bytes(data)
        self.first_write = self.first_write or len(data)
        if self._position == self._size:
            self.fresh += data
            self._size += len(data)
        else:
            assert self._position + len(data) <= self._size, "a correction reaches beyond what was written"
            self.rewrites.append((self._position, data))
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def drain(self) -> bytes:
        data = bytes(self.fresh)
        self.fresh.clear()
        return data


class SndfileEncoder(Encoder):
    """An encoder of libsndfile (1.1 or newer for MP3)."""

    CONTAINER: ClassVar[str]
    SUBTYPE: ClassVar[str]

    def __init__(
        self, format: Format, sample_rate: int, channels: int, *, seekable: bool, field: AigcField | None = None
    ) -> None:
        super().__init__(format, sample_rate, channels, seekable=seekable, field=field)
        import soundfile

        self._sink = _Sink()
        try:
            self._file = soundfile.SoundFile(
                self._sink, "w", self._rate, channels, self.SUBTYPE, format=self.CONTAINER, **self._options()
            )
        except soundfile.LibsndfileError as error:
            raise AudioError(
                f"{format.name} of {channels} channels at {self._rate} Hz cannot be made: {error.error_string}"
            ) from error

    def _options(self) -> dict[str, Any]:
        return {}

    def _encode(self, pcm: Pcm) -> bytes:
        if len(pcm):
            self._file.write(self._samples(pcm))
        return self._sink.drain()

    def _samples(self, pcm: Pcm) -> Pcm | Wav:
        """Return samples in the type in which libsndfile gets them."""
        return pcm

    def _finish(self) -> bytes:
        self._file.close()
        if self._seekable:
            self.patches = tuple(self._sink.rewrites)
        return self._sink.drain()

    def close(self) -> None:
        """Close the file of libsndfile."""
        if not self._file.closed:
            self._file.close()


class FlacEncoder(SndfileEncoder):
    """FLAC; a stream's header has length and checksum zero, which means unknown (RFC 9639, section 8.2)."""

    CONTAINER, SUBTYPE = "FLAC", "PCM_16"
    FIRST_BLOCK_BYTES: ClassVar[int] = 42
    """What is corrected at the end lies in it, and a field comes after it."""

    _held = b""
    _header_is_out = False

    def _encode(self, pcm: Pcm) -> bytes:
        return self._with_field(super()._encode(pcm))

    def _finish(self) -> bytes:
        out = self._with_field(super()._finish())
        assert all(offset + len(data) <= self.FIRST_BLOCK_BYTES for offset, data in self.patches)
        return out

    def _with_field(self, data: bytes) -> bytes:
        if self._field is None or self._header_is_out:
            return data
        self._held += data
        end = flac.header_bytes(self._held)
        if not end:
            return b""
        self._header_is_out = True
        return flac.with_field(self._held[:end], self._field) + self._held[end:]


class Mp3Encoder(SndfileEncoder):
    """MP3 at a constant bit rate, so that players of a stream show the right time.

    The first frame holds no sound but a table (frames, bytes, samples to skip) that is only known at the end. A file has it;
    from a stream the frame is left out, and the codec's own delay (about 46 ms at 24 kHz) is heard as silence at the start.
    At constant bit rates LAME lowers the level by 0.4 dB so that the decoded peaks stay in range.
    """

    CONTAINER, SUBTYPE = "MP3", "MPEG_LAYER_III"

    def _options(self) -> dict[str, Any]:
        # libsndfile maps compression 0 to 1 onto the highest to the lowest bit rate of the MPEG version that has the sample rate.
        highest, lowest = (320, 32) if self._rate >= 32000 else (160, 8) if self._rate >= 16000 else (64, 8)
        wanted = min(highest, MP3_BITS_PER_S * self._channels / 1000)
        return {"bitrate_mode": "CONSTANT", "compression_level": (highest - wanted) / (highest - lowest)}

    def _encode(self, pcm: Pcm) -> bytes:
        return self._tag(self._without_table(super()._encode(pcm)))

    def _samples(self, pcm: Pcm) -> Wav:
        # libsndfile 1.2.2 mixes the two channels of 16-bit samples up, not those of floats.
        return pcm.astype(np.float32) / np.float32(32768)

    def _finish(self) -> bytes:
        out = self._tag(self._without_table(super()._finish()))
        assert all(offset + len(data) <= self._sink.first_write for offset, data in self._sink.rewrites)
        self.patches = tuple((offset + self._tag_bytes, data) for offset, data in self.patches)
        return out

    _table_is_out = False
    _tag_bytes = 0

    def _tag(self, data: bytes) -> bytes:
        """Put the ID3 tag with the field before the first bytes."""
        if self._field is None or self._tag_bytes or not data:
            return data
        tag = id3.tag(self._field)
        self._tag_bytes = len(tag)
        return tag + data

    def _without_table(self, data: bytes) -> bytes:
        if self._seekable or self._table_is_out or not data:
            return data
        self._table_is_out = True
        return data[self._sink.first_write :]


class OpusEncoder(SndfileEncoder):
    """Opus in Ogg pages of 200 ms with a fixed serial number."""

    CONTAINER, SUBTYPE = "OGG", "OPUS"
    LOWEST_BITS_PER_S: ClassVar[int] = 6_000
    SPAN_BITS_PER_S: ClassVar[int] = 250_000
    """libsndfile maps compression 1 to 0 onto the lowest bit rate, and that plus the span for each channel."""
    SET_PAGE_LATENCY_MS: ClassVar[int] = 0x1302
    """SFC_SET_OGG_PAGE_LATENCY_MS of sndfile.h, which the soundfile package does not name."""

    def __init__(
        self, format: Format, sample_rate: int, channels: int, *, seekable: bool, field: AigcField | None = None
    ) -> None:
        super().__init__(format, sample_rate, channels, seekable=seekable, field=field)
        import soundfile

        latency = soundfile._ffi.new("double[1]", [OPUS_PAGE_MS])
        soundfile._snd.sf_command(self._file._file, self.SET_PAGE_LATENCY_MS, latency, soundfile._ffi.sizeof(latency))
        add = None if field is None else (lambda page: oggtags.with_field(page, field))
        self._pages = SerialNumber(OPUS_SERIAL, second=add)

    def _options(self) -> dict[str, Any]:
        above_lowest = OPUS_BITS_PER_S * self._channels - self.LOWEST_BITS_PER_S
        return {"compression_level": 1 - above_lowest / (self.SPAN_BITS_PER_S * self._channels)}

    def _encode(self, pcm: Pcm) -> bytes:
        return self._pages.push(super()._encode(pcm))

    def _finish(self) -> bytes:
        out = self._pages.push(super()._finish())
        assert not self._sink.rewrites, "libsndfile corrected an Ogg page that was sent"
        return out
