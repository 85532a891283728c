"""Pictures of spectrograms as PNG files, without a plotting library.

Source: ISO/IEC 15948:2004 (PNG): signature, then chunks of length, type, data and CRC-32.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

# Lightness rises from dark to bright, so that the picture also reads in grey: night blue, violet, red, orange, pale yellow.
_STOPS = np.array([(8, 8, 32), (64, 18, 105), (150, 38, 104), (221, 81, 58), (250, 158, 50), (252, 252, 200)], np.float64)


def _palette() -> bytes:
    """Return 256 RGB colours between the stops."""
    at = np.linspace(0, 255, len(_STOPS))
    channels = [np.interp(np.arange(256), at, _STOPS[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8).tobytes()


def mel_png(mel: NDArray[np.float32], scale: int = 2, range_db: float = 80.0) -> bytes:
    """Draw a log-mel spectrogram: time to the right, low frequencies at the bottom.

    Parameters
    ----------
    mel : NDArray
        Natural log of magnitudes, shape (n_mels, frames), at least one of each.
    scale : int
        Pixels a bin, in both directions.
    range_db : float
        What is this far below the loudest bin, or more, is darkest.

    Returns
    -------
    bytes
        A PNG file of ``frames * scale`` by ``n_mels * scale`` pixels with a palette of 256 colours.
    """
    level = 20 / np.log(10) * (mel[::-1] - mel.max())
    pixels = np.rint(255 * np.clip(1 + level / range_db, 0, 1)).astype(np.uint8)
    pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    height, width = pixels.shape
    # Each row starts with its filter: 0, none.
    rows = np.pad(pixels, ((0, 0), (1, 0))).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
