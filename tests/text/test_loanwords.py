import pytest

from tingshuo.text.loanwords import NOTATION, letters_to_phones, phones_to_syllables, spell
from tingshuo.text.symbols import FINALS_AFTER, split_syllable


def test_every_phone_has_its_own_character() -> None:
    assert len(set(NOTATION.values())) == len(NOTATION) == 39


@pytest.mark.parametrize(
    ("phones", "syllables"),
    [
        ("HulO1", "he1 lou4"),
        ("te1st", "tai4 si5 te5"),
        ("tRI1", "chu5 rui4"),
        ("kWi1k", "kui4 ke5"),
        ("mjU1zik", "miu1 zi5 ke5"),
        ("fO1n", "feng4"),
        ("ka1R", "kar4"),
        ("A1pul", "ai1 pou5"),
        ("s", "si5"),
    ],
)
def test_phones(phones: str, syllables: str) -> None:
    assert " ".join(phones_to_syllables(phones)) == syllables


@pytest.mark.parametrize(("word", "phones"), [("nation", "nA1Sun"), ("phone", "fO1n"), ("knight", "ny1t"), ("make", "mE1k")])
def test_letters(word: str, phones: str) -> None:
    assert letters_to_phones(word) == phones


def test_spell_is_the_inverse_of_split() -> None:
    for initial, finals in FINALS_AFTER.items():
        for final in finals:
            parts = split_syllable(spell(initial, final) + "1")
            assert (parts.initial, parts.final) == (initial, final)
