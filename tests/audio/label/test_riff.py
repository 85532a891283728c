import io
import struct

import numpy as np
import pytest

from tingshuo.audio.label import id3, riff
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.source import Source
from tingshuo.audio.read import read
from tingshuo.errors import AudioError


def labelled(data, field):
    out = io.BytesIO()
    riff.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


def chunks(*rows):
    body = b"".join(struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2) for kind, data in rows)
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WAVE") + body


FMT = (b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))


def test_the_field_stands_before_the_samples_and_they_stay(plain, field):
    data = plain("wav")
    out = labelled(data, field)
    assert out.index(b"AIGC") < out.index(b"data")
    assert struct.unpack_from("<I", out, 4)[0] == len(out) - 8
    assert read_label(out).field == field
    np.testing.assert_array_equal(read(io.BytesIO(out))[0], read(io.BytesIO(data))[0])


def test_a_stream_of_unknown_length_stays_one(field):
    data = bytearray(chunks(FMT, (b"data", bytes(1001))))
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, 40, 0xFFFFFFFF)
    out = labelled(bytes(data), field)
    assert out[4:8] == b"\xff" * 4
    assert read_label(out).field == field


def test_other_chunks_stay_and_odd_ones_are_padded(field):
    out = labelled(chunks(FMT, (b"bext", b"odd"), (b"data", b"abcd"), (b"LIST", b"INFOICMT\2\0\0\0x\0")), field)
    assert b"bext\3\0\0\0odd\0" in out
    assert out.endswith(b"INFOICMT\2\0\0\0x\0")
    assert len(out) % 2 == 0


def test_the_length_of_rf64_moves_with_it(field):
    ds64 = struct.pack("<QQQI", 5_000_000_000, 4, 0, 0)
    data = chunks((b"ds64", ds64), FMT, (b"data", b"abcd"))
    data = b"RF64" + b"\xff" * 4 + data[8:]
    out = labelled(data, field)
    assert struct.unpack_from("<Q", out, 20)[0] == 5_000_000_000 + len(out) - len(data)
    assert read_label(out).field == field


def test_a_field_in_the_list_of_others_is_read(field):
    value = field.to_json().encode()
    value += b"\0" * (len(value) % 2)
    info = b"INFO" + struct.pack("<4sI", b"AIGC", len(value)) + value
    assert read_label(chunks(FMT, (b"LIST", info), (b"data", b""))).field == field


def test_a_field_in_an_id3_chunk_is_read(field):
    assert read_label(chunks(FMT, (b"id3 ", id3.tag(field)), (b"data", b""))).field == field


def test_a_full_file_is_refused(field):
    data = bytearray(chunks(FMT, (b"data", b"abcd")))
    struct.pack_into("<I", data, 4, 0xFFFFFFFE)
    with pytest.raises(AudioError, match="at most 4 GB"):
        labelled(bytes(data), field)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (chunks(FMT, (b"data", b"ab"))[:-20], "'fmt ' reaches beyond the file's end; it is cut off"),
        (chunks(FMT), "has no chunk with samples; it is cut off"),
        (chunks(FMT) + b"AIGC\xff\xff\xff\x7f", "'AIGC' reaches beyond"),
        (chunks(FMT, (b"AIGC", bytes(20_000))), "its AIGC field has 20000 bytes"),
        (chunks(FMT, (b"LIST", b"INFOAIGC\xff\0\0\0x")), "beyond the end of its LIST"),
        (chunks(FMT, *[(b"junk", b"")] * 20_001), "more than 20000 chunks"),
    ],
)
def test_hostile_files_have_their_own_answers(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)


def test_without_samples_there_is_nothing_to_label(field):
    with pytest.raises(AudioError, match="has no chunk with samples"):
        labelled(chunks(FMT), field)
