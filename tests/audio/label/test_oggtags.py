import io
import struct

import numpy as np
import pytest

from tingshuo.audio.label import oggtags
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.source import Source
from tingshuo.audio.ogg import page_checksum
from tingshuo.audio.read import read
from tingshuo.errors import AudioError


def page(body, lengths, sequence, serial=b"abcd", flags=0):
    head = struct.pack("<4sBBq4sIIB", b"OggS", 0, flags, 0, serial, sequence, 0, len(lengths)) + bytes(lengths)
    out = bytearray(head + body)
    out[22:26] = struct.pack("<I", page_checksum(bytes(out)))
    return bytes(out)


def labelled(data, field):
    out = io.BytesIO()
    oggtags.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


def pages(data):
    """Yield (sequence, body) of each page; the checksums are right."""
    at = 0
    while at < len(data):
        count = data[at + 26]
        size = 27 + count + sum(data[at + 27 : at + 27 + count])
        one = bytearray(data[at : at + size])
        expected, one[22:26] = bytes(one[22:26]), bytes(4)
        assert struct.pack("<I", page_checksum(bytes(one))) == expected
        yield struct.unpack_from("<I", one, 18)[0], bytes(one[27 + count :])
        at += size


TAGS = b"OpusTags" + struct.pack("<I1sI", 1, b"v", 0)
HEAD = page(b"OpusHead" + bytes(11), [19], 0, flags=2)


def stream(tags=TAGS, sound=b"sound"):
    return HEAD + page(tags, [len(tags)], 1) + page(sound, [len(sound)], 2)


def test_the_field_joins_the_tags_and_the_sound_stays(plain, field):
    data = plain("opus")
    out = labelled(data, field)
    assert read_label(out).field == field
    assert [n for n, _ in pages(out)] == [n for n, _ in pages(data)]
    np.testing.assert_array_equal(read(io.BytesIO(out))[0], read(io.BytesIO(data))[0])


def test_large_tags_move_the_numbers_of_later_pages(field):
    value = b"PICTURE=" + bytes(65_000)
    tags = b"OpusTags" + struct.pack("<I1sII", 1, b"v", 1, len(value)) + value
    lengths = [255] * (len(tags) // 255) + [len(tags) % 255]
    cut = 255 * 200
    data = HEAD + page(tags[:cut], lengths[:200], 1) + page(tags[cut:], lengths[200:], 2, flags=1) + page(b"sound", [5], 3)
    assert read_label(data).count == 0
    once = labelled(data, field)
    assert read_label(once).field == field
    assert [n for n, _ in pages(once)] == [0, 1, 2, 3]
    grown = labelled(stream(b"OpusTags" + struct.pack("<I1sI", 1, b"v", 0)), field)
    assert [n for n, _ in pages(grown)] == [0, 1, 2]


def test_one_page_more_renumbers_the_sound(field):
    room = 255 * 255 - 1 - len(TAGS) - 4
    value = b"X=" + bytes(room - 2)
    tags = b"OpusTags" + struct.pack("<I1sII", 1, b"v", 1, len(value)) + value
    lengths = [255] * (len(tags) // 255) + [len(tags) % 255]
    assert len(lengths) == 255
    other = page(b"other stream", [12], 7, b"wxyz")
    out = labelled(HEAD + page(tags, lengths, 1) + page(b"sound", [5], 2) + other, field)
    rows = list(pages(out))
    assert [n for n, _ in rows] == [0, 1, 2, 3, 7]
    assert rows[3][1] == b"sound"
    assert read_label(out).field == field


def test_vorbis_keeps_its_setup(made, field):
    data = made("a.ogg", "-c:a", "libvorbis")
    out = labelled(data, field)
    assert read_label(out).field == field
    assert b"TITLE=hello" in out or b"title=hello" in out
    assert [n for n, _ in pages(out)] == list(range(len(list(pages(out)))))
    np.testing.assert_array_equal(read(io.BytesIO(out))[0], read(io.BytesIO(data))[0])


def test_the_page_of_an_encoder_gets_the_field(field):
    made = oggtags.with_field(page(TAGS, [len(TAGS)], 1), field)
    assert HEAD + made + page(b"sound", [5], 2) == labelled(stream(), field)
    with pytest.raises(AssertionError, match="does not hold the tags"):
        oggtags.with_field(HEAD, field)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (HEAD[:20], "the file ends inside a page's header"),
        (HEAD, "the file ends before its sound"),
        (HEAD + b"junk" + bytes(30), "no Ogg page where one should be"),
        (page(b"Speex   ", [8], 0), "something else than Opus or Vorbis"),
        (HEAD + page(TAGS, [len(TAGS)], 1, b"wxyz"), "several streams"),
        (HEAD + page(b"OpusTagz" + TAGS[8:], [len(TAGS)], 1), "are not as Ogg wants them"),
        (stream(b"OpusTags\xff\0\0\0"), "beyond the end of the comments"),
        (HEAD + page(bytes(255 * 255), [255] * 255, 1) * 300, "more than 16777216 bytes before its sound"),
    ],
)
def test_hostile_files_have_their_own_answers(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)
