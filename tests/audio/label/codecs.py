"""Codecs through libsndfile, for tests of what survives them."""

import io

import soundfile

from tingshuo.audio.read import read_mono
from tingshuo.audio.write import encode
from tingshuo.types import Wav


def mp3(wav: Wav, rate: int) -> Wav:
    """Send audio through MP3 at 64 kbit/s."""
    return read_mono(io.BytesIO(encode(wav, rate, "mp3")), rate)[0]


def opus(wav: Wav, rate: int) -> Wav:
    """Send audio through Opus at 24 kbit/s: libsndfile maps 1 to 0 onto 6 to 256 kbit/s."""
    file = io.BytesIO()
    level = 1 - (24_000 - 6_000) / 250_000
    soundfile.write(file, wav, rate, format="OGG", subtype="OPUS", compression_level=level)
    assert len(file.getvalue()) * 8 / (len(wav) / rate) < 34_000
    file.seek(0)
    return read_mono(file, rate)[0]
