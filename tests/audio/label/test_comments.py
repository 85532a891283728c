import io
import struct

import pytest

from tingshuo.audio.label import comments
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError


def block(*texts, vendor=b"v", count=None):
    rows = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(texts) if count is None else count) + rows


@pytest.fixture
def source():
    return Source(io.BytesIO(), "x")


def test_a_comment_is_added_behind_the_others_and_what_follows_stays(field, source):
    data = block(b"TITLE=hello") + b"\1rest"
    out = comments.add(data, field, source)
    assert out == block(b"TITLE=hello", b"AIGC=" + field.to_json().encode()) + b"\1rest"
    assert comments.find(out, source) == [field.to_json().encode()]
    assert comments.find(comments.block(field, b"v"), source) == [field.to_json().encode()]


def test_names_count_in_any_case_and_whole(source):
    assert comments.find(block(b"aigc=1", b"XAIGC=2", b"AIGC2=3", b"AIGC=4"), source) == [b"1", b"4"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "end too early"),
        (b"\xff\xff\xff\xff", "beyond the end of the comments"),
        (block(b"a=b", count=2), "end too early"),
        (block(b"a=b")[:-1], "beyond the end of the comments"),
        (block(count=0xFFFFFFFF), "end too early"),
        (block(b"AIGC=" + bytes(20_000)), "more than the 16384 bytes"),
        (block(*[b""] * 20_001), "more than 20000 comments"),
    ],
)
def test_hostile_comments_have_their_own_answers(data, told, source):
    with pytest.raises(AudioError, match=told):
        comments.find(data, source)
