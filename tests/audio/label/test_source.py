import io

import pytest

from tingshuo.audio.label.source import LARGEST_PART, MOST_PARTS, Source
from tingshuo.errors import AudioError


def test_nothing_is_read_beyond_the_end_or_without_a_limit():
    source = Source(io.BytesIO(b"abcdef"), "x")
    assert source.at(2, 3, "a part") == b"cde"
    with pytest.raises(AudioError, match="x: the file ends inside a part; it is cut off, or a length in it is wrong"):
        source.at(4, 3, "a part")
    with pytest.raises(AudioError, match=f"a part says that it has {LARGEST_PART + 1} bytes"):
        source.at(0, LARGEST_PART + 1, "a part")


def test_parts_are_counted_up_to_a_limit():
    source = Source(io.BytesIO(), "x")
    for _ in range(MOST_PARTS):
        source.count("chunks")
    with pytest.raises(AudioError, match="more than 20000 chunks"):
        source.count("chunks")


@pytest.mark.parametrize(("start", "stop", "expected"), [(0, None, b"abcdef"), (2, 4, b"cd"), (6, None, b""), (4, 99, b"ef")])
def test_a_stretch_is_copied(start, stop, expected):
    out = io.BytesIO()
    Source(io.BytesIO(b"abcdef"), "x").copy(out, start, stop)
    assert out.getvalue() == expected
