"""The containers that audio is written in: names, extensions, media types, accepted sample rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tingshuo.errors import AudioError


@dataclass(frozen=True, slots=True)
class Format:
    """A container with its codec.

    ``encoder`` is ``module:class``, imported when it is used. ``extensions`` are lower case without the dot. ``sample_rates`` is
    empty when every rate is accepted; otherwise audio of another rate is resampled to the next higher of them.
    ``carries_field`` is False where the bytes have no place for the implicit label.
    """

    name: str
    encoder: str
    media_type: str
    extensions: tuple[str, ...]
    description: str
    sample_rates: tuple[int, ...] = ()
    carries_field: bool = True

    def nearest_rate(self, sample_rate: int) -> int:
        """Return the rate at which this container keeps all of a signal of ``sample_rate`` Hz, or its highest."""
        if not self.sample_rates or sample_rate in self.sample_rates:
            return sample_rate
        return min((r for r in self.sample_rates if r > sample_rate), default=max(self.sample_rates))


_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "wav": Format("wav", "tingshuo.audio.encoders:WavEncoder", "audio/wav", ("wav", "wave"), "16-bit PCM in RIFF"),
        "flac": Format("flac", "tingshuo.audio.sndfile:FlacEncoder", "audio/flac", ("flac",), "lossless, 16 bits"),
        "mp3": Format(
            "mp3",
            "tingshuo.audio.sndfile:Mp3Encoder",
            "audio/mpeg",
            ("mp3",),
            "MPEG layer III, constant 64 kbit/s a channel",
            _MPEG_RATES,
        ),
        "opus": Format(
            "opus",
            "tingshuo.audio.sndfile:OpusEncoder",
            "audio/ogg",
            ("opus", "ogg", "oga"),
            "Opus in Ogg, about 64 kbit/s a channel",
            (8000, 12000, 16000, 24000, 48000),
        ),
        "pcm": Format(
            "pcm",
            "tingshuo.audio.encoders:PcmEncoder",
            "audio/pcm",
            ("pcm", "raw"),
            "bare signed 16-bit samples, little-endian",
            carries_field=False,
        ),
        "aac": Format(
            "aac", "tingshuo.audio.ffmpeg:AacEncoder", "audio/aac", ("aac",), "AAC in ADTS, made by ffmpeg", _AAC_RATES
        ),
        "m4a": Format("m4a", "tingshuo.audio.ffmpeg:M4aEncoder", "audio/mp4", ("m4a",), "AAC in MP4, made by ffmpeg", _AAC_RATES),
    }
)
"""Every accepted format by name."""

ALIASES: Mapping[str, str] = MappingProxyType({"ogg": "opus"})
"""Other names under which a format may be asked for."""


def find_format(name: str) -> Format:
    """Return a format by its name or alias, in any case.

    Raises
    ------
    AudioError
        No such format; the message lists them.
    """
    key = name.lower()
    try:
        return FORMATS[ALIASES.get(key, key)]
    except KeyError:
        raise AudioError(f"unknown audio format {name!r}; accepted: {', '.join([*FORMATS, *ALIASES])}") from None


def format_of(path: Path) -> Format:
    """Return the format that a file's extension stands for.

    Raises
    ------
    AudioError
        Unknown extension or none; the message lists them.
    """
    extension = path.suffix[1:].lower()
    for row in FORMATS.values():
        if extension in row.extensions:
            return row
    accepted = ", ".join(f".{e}" for row in FORMATS.values() for e in row.extensions)
    cause = f"no audio format has the extension .{extension}" if extension else "the file name has no extension"
    raise AudioError(f"{path}: {cause}; accepted: {accepted}")


def media_type(name: str) -> str:
    """Return the media type of a format by name or alias.

    Raises
    ------
    AudioError
        No such format.
    """
    return find_format(name).media_type
