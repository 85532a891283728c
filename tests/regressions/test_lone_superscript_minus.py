"""A superscript minus without digits ended the normaliser with an IndexError."""

import pytest

from tingshuo.text.normalize import normalize


@pytest.mark.parametrize("text", ["x⁻", "a⁹⁻", "5⁻", "⁻", "3×10⁻", "(x)⁻⁻2"])
def test_text_with_a_lone_superscript_minus_is_spoken(text):
    assert isinstance(normalize(text), str)
    assert normalize("10⁻³米") == "十的负三次方米"
