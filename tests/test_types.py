"""Requests are checked once, at their making; records are frozen."""

import dataclasses
import math
from typing import Any

import pytest

from tingshuo.errors import RequestError
from tingshuo.types import EMOTIONS, PLAIN, SpeechRequest, Stages


def test_defaults_are_accepted() -> None:
    request = SpeechRequest(text="你好")
    assert (request.emotion, request.strength, request.speed, request.pitch, request.volume) == ("neutral", 1.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("strength", (0, 1.5)),
        ("speed", (0.5, 2)),
        ("pitch", (-12, 12)),
        ("volume", (-20, 20)),
        ("seed", (0, 2**32 - 1)),
        ("emotion", EMOTIONS),
    ],
)
def test_the_ends_of_each_range_are_accepted(name: str, values: tuple[Any, ...]) -> None:
    assert [getattr(SpeechRequest(text="a", **{name: value}), name) for value in values] == list(values)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("text", None, "text must be a string"),
        ("text", b"hello", "text must be a string"),
        ("emotion", "", "such as neutral, happy"),
        ("emotion", "sad\n", "such as neutral, happy"),
        ("emotion", None, "such as neutral, happy"),
        ("strength", -0.01, "from 0 to 1.5"),
        ("strength", 1.51, "from 0 to 1.5"),
        ("speed", 0, "from 0.5 to 2"),
        ("speed", math.nan, "from 0.5 to 2"),
        ("speed", "1", "from 0.5 to 2"),
        ("speed", True, "from 0.5 to 2"),
        ("pitch", 12.5, "from -12 to 12 semitones"),
        ("pitch", -math.inf, "from -12 to 12 semitones"),
        ("volume", 21, "from -20 to 20 dB"),
        ("seed", -1, "from 0 to 4294967295"),
        ("seed", 2**32, "from 0 to 4294967295"),
        ("seed", 1.0, "from 0 to 4294967295"),
        ("seed", False, "from 0 to 4294967295"),
    ],
)
def test_a_value_outside_is_refused_with_its_name_and_what_is_accepted(name: str, value: Any, accepted: str) -> None:
    with pytest.raises(RequestError, match=accepted) as caught:
        SpeechRequest(**{"text": "a", name: value})
    assert caught.value.param == name
    assert "\n" not in str(caught.value)


def test_records_are_frozen() -> None:
    for record, name in ((SpeechRequest(text="a"), "text"), (PLAIN, "rate"), (Stages(), "rtf")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, 1)
