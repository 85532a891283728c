"""Free text that names an emotion."""

import pytest

from tingshuo.app.http.instructions import follow
from tingshuo.types import EMOTIONS


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("happy", "happy"),
        ("Speak in a cheerful tone.", "happy"),
        ("请用悲伤的语气", "sad"),
        ("温柔", "gentle"),
        ("SERIOUS", "serious"),
        ("read it like a pirate", None),
        ("unhappy", None),
        ("first angry, then calm", None),
    ],
)
def test_the_one_emotion_that_is_named_is_followed(text, emotion):
    assert follow(text, fixed=False)[0] == emotion


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_emotion_answers_to_its_own_name(emotion):
    assert follow(f" {emotion} ", fixed=False) == (emotion, ())


@pytest.mark.parametrize("text", ["a cheerful pirate", "like a pirate", "angry and sad"])
def test_what_is_not_followed_is_said(text):
    (warning,) = follow(text, fixed=False)[1]
    assert "followed" in warning


def test_the_field_wins():
    emotion, warnings = follow("sad", fixed=True)
    assert emotion is None
    assert len(warnings) == 1
