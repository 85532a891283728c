"""The checks that all doors share."""

import pytest

from tingshuo.app.requests import make_request
from tingshuo.errors import RequestError, TextError, TooLargeError
from tingshuo.types import MAX_CHARACTERS, SpeechRequest


def test_a_request_is_made_of_its_fields():
    assert make_request("你好", emotion="sad", seed=3) == SpeechRequest(text="你好", emotion="sad", seed=3)


@pytest.mark.parametrize("text", ["a\tb\r\nc\x0b\x0c\x1c\x85", "\u2028\u200b\ufeff", "👩‍👩‍👧𠮷", "x" * MAX_CHARACTERS])
def test_whatever_may_stand_in_a_text_passes(text):
    assert make_request(text).text == text


@pytest.mark.parametrize("code", [0x00, 0x07, 0x08, 0x0E, 0x1B, 0x7F, 0x80, 0x9F, 0xD800, 0xDFFF])
def test_signs_of_damage_are_refused_with_their_place(code):
    with pytest.raises(TextError, match=f"U\\+{code:04X}, at position 2"):
        make_request(f"你好{chr(code)}")


def test_too_much_text():
    with pytest.raises(TooLargeError, match="100001 characters, at most 100000"):
        make_request("x" * (MAX_CHARACTERS + 1))


def test_ranges_are_those_of_the_request():
    with pytest.raises(RequestError, match="speed"):
        make_request("a", speed=3)
