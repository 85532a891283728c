import io
import struct

import pytest

from tingshuo.audio.label import id3
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

SOUND = b"\xff\xf3\x84\xc4" + bytes(100)


def syncsafe(value):
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def frame(data, version=4, name=b"TXXX", flags=b"\0\0"):
    if version == 2:
        return name[:3] + len(data).to_bytes(3, "big") + data
    return name + (syncsafe(len(data)) if version == 4 else struct.pack(">I", len(data))) + flags + data


def tagged(body, version=4, flags=0, sound=SOUND):
    return b"ID3" + bytes([version, 0, flags]) + syncsafe(len(body)) + body + sound


def labelled(data, field):
    out = io.BytesIO()
    id3.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


TITLE = b"\3hello"


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_tag_keeps_its_frames_and_padding(field, version):
    data = tagged(frame(TITLE, version, b"TIT2") + bytes(64), version)
    out = labelled(data, field)
    assert read_label(out).field == field
    assert frame(TITLE, version, b"TIT2") + bytes(64) + SOUND in out


def test_a_file_without_a_tag_gets_one(field):
    out = labelled(SOUND, field)
    assert out == id3.tag(field) + SOUND
    assert read_label(out).field == field


@pytest.mark.parametrize(("encoding", "codec"), [(0, "latin-1"), (1, "utf-16"), (2, "utf-16-be"), (3, "utf-8")])
def test_every_encoding_is_read(field, encoding, codec):
    end = b"\0\0" if encoding in (1, 2) else b"\0"
    data = bytes([encoding]) + "aigc".encode(codec) + end + field.to_json().encode(codec) + end
    assert read_label(tagged(frame(data))).field == field


def test_unsynchronised_tags_are_read_and_written(field):
    picture = frame(b"\xff\xe0\xff\0", 3, b"APIC").replace(b"\xff", b"\xff\0")
    value = b"\0AIGC\0" + field.to_json().encode()
    assert read_label(tagged(picture + frame(value, 3), 3, 0x80)).field == field
    assert read_label(labelled(tagged(picture, 3, 0x80), field)).field == field
    assert read_label(tagged(frame(value, 4, flags=b"\0\2"), 4)).field == field


def test_extended_header_and_footer_stay(field):
    body = struct.pack(">IHI", 6, 0, 0) + frame(TITLE, 3, b"TIT2")
    assert read_label(labelled(tagged(body, 3, 0x40), field)).field == field
    body = syncsafe(6) + b"\1\0" + frame(TITLE, 4, b"TIT2")
    data = tagged(body, 4, 0x50, sound=b"3DI\4\0\x50" + syncsafe(len(body)) + SOUND)
    out = labelled(data, field)
    assert read_label(out).field == field
    foot = out.index(b"3DI")
    assert out[foot + 6 : foot + 10] == out[6:10]
    assert out.endswith(SOUND)


def test_a_checksum_that_would_be_wrong_is_refused(field):
    body = struct.pack(">IHII", 10, 0x8000, 0, 0) + frame(TITLE, 3, b"TIT2")
    with pytest.raises(AudioError, match="has a checksum"):
        labelled(tagged(body, 3, 0x40), field)


def test_other_texts_of_users_are_left_alone(field):
    body = frame(b"\0mood\0calm") + frame(b"\x09AIGC\0x") + frame(b"") + frame(b"\0AIGC\0x", flags=b"\0\x08")
    assert read_label(tagged(body)).count == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"ID3\4\0\0" + syncsafe(1000) + SOUND, "ID3 tag reaches beyond the file's end"),
        (b"ID3\4\0\0\xff\0\0\0" + SOUND, "the length of its ID3 tag is wrong"),
        (b"ID3\5\0\0" + syncsafe(0) + SOUND, r"version 2\.5"),
        (tagged(b"TXXX" + syncsafe(5000) + b"\0\0x"), "beyond the tag's end"),
        (tagged(b"TXXX" + struct.pack(">I", 5000) + b"\0\0x", 3, 0x80), "beyond the tag's end"),
        (tagged(frame(b"\0AIGC\0" + b"x" * 50_000)), "its AIGC field has 50006 bytes"),
        (tagged(frame(b"\0x\0y") * 20_001), "more than 20000 ID3 frames"),
    ],
)
def test_hostile_tags_have_their_own_answers(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)
