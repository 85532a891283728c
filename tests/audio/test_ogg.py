import struct

import numpy as np
import pytest

from tingshuo.audio.ogg import SerialNumber, page_checksum


def checksum_by_definition(data):
    """RFC 3533: polynomial 0x04c11db7, most significant bit first, from 0, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def page(payload, serial=1, sequence=0):
    lengths = bytes([255] * (len(payload) // 255) + [len(payload) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, serial, sequence, 0, len(lengths)) + lengths
    return head[:22] + struct.pack("<I", checksum_by_definition(head + payload)) + head[26:] + payload


PAGES = b"".join(page(np.random.default_rng(n).bytes(size), sequence=n) for n, size in enumerate((0, 1, 255, 300, 5000)))


@pytest.mark.parametrize("data", [b"", b"\x01", b"OggS", bytes(range(256))])
def test_checksum_is_that_of_the_definition(data):
    assert page_checksum(data) == checksum_by_definition(data)


def test_only_serial_and_checksum_change():
    expected = b"".join(page(np.random.default_rng(n).bytes(size), 77, n) for n, size in enumerate((0, 1, 255, 300, 5000)))
    assert SerialNumber(77).push(PAGES) == expected


@pytest.mark.parametrize("step", [1, 26, 27, 28, 1000])
def test_pages_come_out_whole_however_the_bytes_come_in(step):
    stream = SerialNumber(1)
    pieces = [stream.push(PAGES[start : start + step]) for start in range(0, len(PAGES), step)]
    assert b"".join(pieces) == PAGES
    assert all(piece[:4] == b"OggS" for piece in pieces if piece)


def test_what_is_no_page_is_our_own_mistake():
    with pytest.raises(AssertionError, match="not Ogg"):
        SerialNumber(1).push(b"RIFF" + PAGES[4:])


def test_the_second_page_may_be_exchanged():
    changed = SerialNumber(1, second=lambda page: b"<" + page[-1:] + b">").push(PAGES)
    kept = SerialNumber(1).push(PAGES)
    first, second = len(page(b"")), len(page(b"x"))
    assert changed == kept[:first] + b"<" + kept[first + second - 1 : first + second] + b">" + kept[first + second :]
