import stat
import sys

import pytest

from tingshuo.errors import TextError
from tingshuo.text.foreign.espeak import espeak_phonemes, find_espeak

FAKE = f"""#!{sys.executable}
import sys
text, voice = sys.stdin.buffer.read().decode(), sys.argv[-1]
if voice == "xx":
    sys.exit("Error: The specified espeak-ng voice does not exist.")
print(f" {{text.upper()}} (en)ok(fr)\\n two")
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program of that name on the path that says what it was given."""
    path = tmp_path / "espeak-ng"
    path.write_text(FAKE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_where_it_is_missing_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TextError, match="it is not installed: apt install espeak-ng"):
        find_espeak()
    with pytest.raises(TextError, match="is not installed"):
        espeak_phonemes("hello", "en-us")


def test_clauses_are_asked_one_by_one_and_joined_by_their_marks(program):
    said = espeak_phonemes("ab, cd。 $(ls); ?!", "fr")
    assert "".join(said) == "AB ok two, CD ok two. $(LS) ok two;"


def test_a_text_without_letters_is_nothing(program):
    assert espeak_phonemes(" ... ", "fr") == ()


def test_unknown_voices_are_said(program):
    with pytest.raises(TextError, match="espeak-ng failed with voice 'xx': Error: The specified"):
        espeak_phonemes("ab", "xx")
    for wrong in ("-w/tmp/x", "", "a b"):
        with pytest.raises(TextError, match="is no name of a voice"):
            espeak_phonemes("ab", wrong)
