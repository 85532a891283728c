import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.text import english
from tingshuo.text.english import HAND, LETTERS, SMALL, lookup, pronounce
from tingshuo.text.symbols import split_syllable


def say(word: str) -> str:
    return " ".join(pinyin for _, pinyin in pronounce(word))


def test_every_syllable_of_the_tables_can_be_spoken() -> None:
    for table in (LETTERS, HAND, SMALL):
        for word, syllables in table.items():
            assert syllables, word
            assert all(split_syllable(s) for s in syllables)
    assert sorted(LETTERS) == list("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    ("word", "pinyin"),
    [
        ("A", "ei1"),
        ("AI", "ei1 ai4"),
        ("CPU", "sei1 pi4 you1"),
        ("IT", "ai4 ti4"),
        ("it", "yi4 te5"),
        ("OK", "ou1 kei4"),
        ("Wi-Fi", "wai1 fai4"),
        ("hello", "ha1 lou5"),
        ("NASA", "nei4 sa1"),
        ("test", "tai4 si5 te5"),
        ("YouTube", "you1 tu4 bu5"),
        ("MyCPU", "mai4 sei1 pi4 you1"),
    ],
)
def test_words(word: str, pinyin: str) -> None:
    assert say(word) == pinyin


@pytest.mark.parametrize("word", ["blorptang", "Kubernetes", "ngx", "rhythm", "Zzyzx", "café", "naïve", "don't", "O’Brien"])
def test_unknown_words_are_spoken_somehow(word: str) -> None:
    assert pronounce(word)


def test_capitals_of_a_known_word_are_the_word() -> None:
    assert say("WORLD") == say("world")


@pytest.mark.parametrize("word", ["hello", "iPhone", "strength", "CPU", "X", "don't", "café", "ChatGPT"])
def test_the_letters_of_the_syllables_are_the_word(word: str) -> None:
    assert "".join(letters for letters, _ in pronounce(word)) == word


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ'éß", min_size=1, max_size=14))
def test_any_letters_give_syllables_and_keep_their_letters(word: str) -> None:
    syllables = pronounce(word)
    assert all(split_syllable(pinyin) for _, pinyin in syllables)
    assert not syllables or "".join(letters for letters, _ in syllables) == word
    assert syllables or not any(c.isalpha() for c in word)


def test_lookup_finds_whole_words_only() -> None:
    assert lookup("hello") == "HulO1"
    assert lookup("hell")
    assert not lookup("hellofoo")
    assert not lookup("zzz")


def test_every_word_of_the_dictionary_can_be_spoken() -> None:
    words = [line.split(" ")[0] for line in english._dictionary().strip().split("\n")]
    assert len(words) >= 20_000
    for word in words[::10]:
        assert all(split_syllable(pinyin) for _, pinyin in pronounce(word)), word
