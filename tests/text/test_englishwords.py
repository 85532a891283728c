from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.arpabet import is_vowel
from tingshuo.text.englishwords import LETTERS, SAID, SPELLED, say_english, spell_out
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import ALL_PHONES, ARPABET, encode
from tingshuo.types import Word

GOLDEN = Path(__file__).parent / "golden" / "english.tsv"


def say(word: str, following: str = "") -> str:
    return ".".join(syllable.pinyin for syllable in say_english(word, following))


def spoken(words: list[Word]) -> str:
    said = []
    for word in words:
        english = bool(word.syllables) and bool(word.syllables[0].phones)
        pinyin = [syllable.pinyin.replace(" ", "_") for syllable in word.syllables]
        said.append((".".join(pinyin) if english else "".join(pinyin)) or "|")
    return " ".join(said).removesuffix(" |")


def golden() -> list[tuple[str, str]]:
    lines = GOLDEN.read_text("utf-8").splitlines()
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(("text", "expected"), golden())
def test_texts_are_said_as_in_the_golden_file(text: str, expected: str) -> None:
    words = [word for sentence in Frontend(english=True).sentences(text) for word in sentence.words]
    assert spoken(words) == expected
    assert set(encode(words).ids) <= set(range(len(ALL_PHONES)))


def test_the_golden_file_is_large_enough() -> None:
    assert len(golden()) >= 120


def test_the_tables_hold_arpabet() -> None:
    assert sorted(LETTERS) == list("abcdefghijklmnopqrstuvwxyz")
    for table in (LETTERS, SAID):
        for word, phones in table.items():
            assert any(map(is_vowel, phones)), word
            assert all(phone.rstrip("012") in ARPABET for phone in phones), word
            assert all(phone[-1] in "012" for phone in phones if is_vowel(phone)), word
    assert not SPELLED & set(SAID)


@pytest.mark.parametrize(
    ("word", "letters"),
    [
        ("CPU", ["C", "P", "U"]),
        ("W", ["W", "", ""]),
        ("hello", ["he", "llo"]),
        ("MyCPU", ["My", "C", "P", "U"]),
        ("don't", ["don't"]),
    ],
)
def test_syllables_share_the_letters(word: str, letters: list[str]) -> None:
    assert [syllable.hanzi for syllable in say_english(word)] == letters


@settings(deadline=None)
@given(st.text(st.sampled_from("abcdefgnyzAEHMTUWXé'’-"), max_size=12))
def test_letters_make_up_the_word_and_nothing_fails(word: str) -> None:
    syllables = say_english(word)
    if syllables:
        assert "".join(syllable.hanzi for syllable in syllables) == word
    assert all(syllable.phones for syllable in syllables)


@pytest.mark.parametrize(
    ("word", "following", "said"),
    [
        ("a", "", "EY1"),
        ("a", "dog", "AH0"),
        ("A", "dog", "AH0"),
        ("A", "股", "EY1"),
        ("the", "dog", "DH AH0"),
        ("the", "apple", "DH IY0"),
        ("to", "be", "T UW0"),
        ("to", "", "T UW1"),
        ("US", "", "Y UW2.EH1 S"),
        ("us", "", "AH1 S"),
    ],
)
def test_words_of_grammar_depend_on_what_follows(word: str, following: str, said: str) -> None:
    assert say(word, following) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cats's", "K AE1 T.S IH0 Z"),
        ("Tokyo's", "T OW1.K IY0.OW2 Z"),
        ("boss'", "B AA1 S"),
        ("friends'", "F R EH1 N D Z"),
        ("hashtags", "HH AE1 SH.T AE2 G Z"),
        ("hmm", "HH M"),
    ],
)
def test_endings_and_words_without_vowels(word: str, said: str) -> None:
    assert say(word) == said


def test_the_last_letter_of_an_abbreviation_is_stressed() -> None:
    assert [syllable.pinyin for syllable in spell_out("W3C")] == ["D AH2", "B AH0 L", "Y UW0", "S IY1"]
