"""Fields of protobuf messages, as they are written and as they are not."""

import pytest

from tingshuo.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, fields, varint

MESSAGE = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d1234" + b"\x2112345678"


def test_every_wire_type_and_where_it_lies() -> None:
    found = list(fields(MESSAGE))
    assert found == [
        Field(1, VARINT, 0, 1, 3),
        Field(2, BYTES, 3, 5, 8),
        Field(3, FIXED32, 8, 9, 13),
        Field(4, FIXED64, 13, 14, 22),
    ]
    assert varint(MESSAGE, 1, 3) == (150, 3)
    assert MESSAGE[found[1].body : found[1].end] == b"abc"
    assert list(fields(b"xx" + MESSAGE, 2)) == [Field(*row[:2], *(at + 2 for at in row[2:])) for row in found]


@pytest.mark.parametrize("message", [MESSAGE[:2], MESSAGE[:7], MESSAGE[:-1], b"\x03", b"\x02\x00", b"\xff" * 11, b"\x80"])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="no protobuf message"):
        list(fields(message))
