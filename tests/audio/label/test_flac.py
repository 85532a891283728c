import io

import numpy as np
import pytest

from tingshuo.audio.label import comments, flac
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.source import Source
from tingshuo.audio.read import read
from tingshuo.errors import AudioError


def blocks(*rows):
    last = len(rows) - 1
    parts = [
        bytes([kind | (0x80 if k == last else 0)]) + len(body).to_bytes(3, "big") + body for k, (kind, body) in enumerate(rows)
    ]
    return b"fLaC" + b"".join(parts)


def labelled(data, field):
    out = io.BytesIO()
    flac.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


INFO = (0, bytes(34))


def test_the_field_joins_the_comments_and_the_sound_stays(plain, field):
    data = plain("flac")
    out = labelled(data, field)
    assert read_label(out).field == field
    assert b"libFLAC" in out
    np.testing.assert_array_equal(read(io.BytesIO(out))[0], read(io.BytesIO(data))[0])


def test_without_comments_a_block_comes_second(field):
    out = labelled(blocks(INFO, (1, bytes(8))) + b"sound", field)
    assert out == blocks(INFO, (4, comments.block(field, b"Tingshuo")), (1, bytes(8))) + b"sound"


def test_the_only_block_is_no_longer_the_last(field):
    out = labelled(blocks(INFO) + b"sound", field)
    assert out == blocks(INFO, (4, comments.block(field, b"Tingshuo"))) + b"sound"


def test_the_header_is_known_when_it_is_whole(plain, field):
    data = plain("flac")
    end = flac.header_bytes(data)
    assert flac.header_bytes(data[:end]) == end
    assert not any(flac.header_bytes(data[:size]) for size in range(end))
    assert flac.with_field(data[:end], field) + data[end:] == labelled(data, field)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"fLaC\0", "the file ends inside a block's header"),
        (b"fLaC\x84\xff\xff\xff", "a block reaches beyond the file's end"),
        (blocks(INFO, (4, b"\xff\0\0\0")), "a comment reaches beyond"),
        (blocks(*[(1, b"")] * 20_001), "more than 20000 blocks"),
    ],
)
def test_hostile_files_have_their_own_answers(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)


def test_full_comments_are_refused(field):
    full = b"\0\0\0\0\1\0\0\0" + (2**24 - 100).to_bytes(4, "little") + bytes(2**24 - 100)
    with pytest.raises(AudioError, match="its comments are full"):
        labelled(blocks(INFO, (4, full)), field)
