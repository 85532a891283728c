import struct
import zlib

import numpy as np
import pytest

from tingshuo.audio.picture import mel_png


def chunks_of(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(kind + data)
        yield kind, data
        at += 12 + size


def pixels_of(png):
    chunks = dict(chunks_of(png))
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour, len(chunks[b"PLTE"])) == (8, 3, 768)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(256, 3)


def test_low_is_below_early_is_left_loud_is_bright():
    mel = np.full((3, 4), -20, np.float32)
    mel[0, 0] = 0
    mel[2, 3] = np.log(10 ** (-40 / 20))
    pixels, palette = pixels_of(mel_png(mel, scale=2))
    assert pixels.shape == (6, 8)
    assert (pixels[4:, :2] == 255).all()
    np.testing.assert_allclose(pixels[:2, 6:], 127.5, atol=0.5)
    assert np.count_nonzero(pixels) == 8
    assert (np.diff(palette.astype(int) @ [0.2126, 0.7152, 0.0722]) >= -0.5).all()


@pytest.mark.parametrize("shape", [(1, 1), (100, 400)])
def test_size_is_bins_times_scale(shape):
    pixels, _ = pixels_of(mel_png(np.zeros(shape, np.float32), scale=3))
    assert pixels.shape == (shape[0] * 3, shape[1] * 3)
