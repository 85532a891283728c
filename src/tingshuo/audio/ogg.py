"""Give the pages of an Ogg stream a fixed serial number, so that the same audio makes the same bytes; change its second page.

Encoders draw the serial number at random. A page is a header of 27 bytes with a table of segment lengths, and the segments. Its
checksum is a CRC-32 (polynomial 0x04c11db7, most significant bit first, start and final value 0) over the page with the
checksum's own field zeroed. That is zlib's CRC with the bits of every byte reversed, so zlib computes it.

Source: RFC 3533, "The Ogg Encapsulation Format Version 0", section 6.
"""

import struct
import zlib
from collections.abc import Callable

HEADER_BYTES = 27
SERIAL = slice(14, 18)
CHECKSUM = slice(22, 26)
SEGMENTS = 26
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def page_checksum(page: bytes) -> int:
    """Return the checksum of a page whose checksum field is zero."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)


class SerialNumber:
    """Whole pages out of a stream of bytes, with another serial number.

    Parameters
    ----------
    serial : int
        0 to 2**32 - 1.
    second : callable or None
        Takes the stream's second page, which in Opus holds the tags, and returns another in its place.
    """

    def __init__(self, serial: int, second: Callable[[bytes], bytes] | None = None) -> None:
        self._serial = struct.pack("<I", serial)
        self._second = second
        self._rest = b""
        self._count = 0

    def push(self, data: bytes) -> bytes:
        """Add bytes; return the pages that are complete."""
        data = self._rest + data
        out, start = [], 0
        while (size := _page_size(data, start)) and start + size <= len(data):
            page = bytearray(data[start : start + size])
            assert page[:4] == b"OggS", "the encoder's bytes are not Ogg pages"
            page[SERIAL], page[CHECKSUM] = self._serial, bytes(4)
            page[CHECKSUM] = struct.pack("<I", page_checksum(bytes(page)))
            self._count += 1
            change = self._second if self._count == 2 else None
            out.append(change(bytes(page)) if change else bytes(page))
            start += size
        self._rest = data[start:]
        return b"".join(out)


def _page_size(data: bytes, start: int) -> int:
    """Return the length of the page at ``start``, or 0 when its header is not complete."""
    if len(data) < start + HEADER_BYTES:
        return 0
    lengths = start + HEADER_BYTES
    segments = data[start + SEGMENTS]
    if len(data) < lengths + segments:
        return 0
    return HEADER_BYTES + segments + sum(data[lengths : lengths + segments])
