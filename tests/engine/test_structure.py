import numpy as np
import pytest

from tingshuo.engine.structure import external_names


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _tensor(name: str, location: int) -> bytes:
    return _field(1, 3) + _field(2, 10) + _field(8, name.encode()) + _field(14, location)


def test_names_of_external_initializers_are_found_in_order():
    long_name = "encoder." + "x" * 300  # its length takes two bytes
    graph = b"".join(_field(5, _tensor(n, loc)) for n, loc in (("b", 1), ("inside", 0), (long_name, 1)))
    model = _field(1, 10) + _field(2, b"tingshuo") + _field(7, _field(2, b"name") + graph) + _field(8, b"\x10\x14")
    assert external_names(model) == ["b", long_name]


def test_fixed_width_fields_are_skipped():
    tensor = bytes([4 << 3 | 5]) + np.float32(1).tobytes() + bytes([10 << 3 | 1]) + np.float64(1).tobytes() + _tensor("w", 1)
    assert external_names(_field(7, _field(5, tensor))) == ["w"]


@pytest.mark.parametrize("broken", [b"\x3a\x7f", b"\x3a", b"\xff\xff", b"\x0b"])
def test_what_is_no_message_is_refused(broken):
    with pytest.raises(ValueError, match=r"byte|past the end"):
        external_names(broken)


def test_an_empty_file_names_nothing():
    assert external_names(b"") == []
