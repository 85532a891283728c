"""Symbols of syllables are found out of lexicons in four ways of writing, also those that no character of the lexicon has."""

from functools import cache

import pytest

from tingshuo.text.englishwords import say_english
from tingshuo.text.foreign.sherpa import Entry
from tingshuo.text.foreign.sherpa_sounds import Sounds, find_sounds, sound, spellings
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import split_syllable

HIDDEN = ("fu5", "kei4", "hang2")
"""Syllables that no character has: to be made of another tone, of an initial and a final, of half of a word."""
ARROWS = {1: ("→",), 2: ("↑",), 3: ("↓", "↑"), 4: ("↓",), 5: ()}


@cache
def characters() -> dict[str, str]:
    """Characters with one reading, a few for every syllable, and some with several."""
    ours, found, seen = load_lexicon(), {}, dict.fromkeys(spellings().values(), 0)
    for code in range(0x4E00, 0x9FA6):
        readings = ours.readings(chr(code))
        if len(readings) == 1 and readings[0] not in HIDDEN and seen.get(readings[0], 9) < 2:
            seen[readings[0]] += 1
            found[chr(code)] = readings[0]
    return found | {"的": "de5", "得": "dei3", "行": "xing2", "银行": "yin2 hang2"}


def whole(pinyin: str) -> Entry:
    return Entry((pinyin.removesuffix("5"),))


def parts(pinyin: str) -> Entry:
    initial, final, tone, _ = split_syllable(pinyin)
    return Entry((initial or "^", f"{final}{tone}", "#0"))


def toned(pinyin: str) -> Entry:
    initial, final, tone, _ = split_syllable(pinyin)
    tokens = (initial, final) if initial else (final,)
    return Entry(tokens, (tone,) * len(tokens))


def letters(pinyin: str) -> Entry:
    initial, final, tone, _ = split_syllable(pinyin)
    return Entry((*initial.upper(), *final, *ARROWS[tone]))


WAYS = {"whole": whole, "parts": parts, "toned": toned, "letters": letters}


@cache
def found(way: str) -> Sounds:
    write = WAYS[way]
    lexicon = {
        word: Entry(*(tuple(x for one in pinyin.split() for x in write(one)[n]) for n in (0, 1)))
        for word, pinyin in characters().items()
    }
    tokens = {token for pinyin in spellings().values() for token in write(pinyin).tokens}
    return find_sounds(lexicon, tokens.__contains__)


@pytest.mark.parametrize("way", list(WAYS))
def test_every_syllable_is_found_as_it_is_written(way: str):
    sounds = found(way)
    assert sounds.agreement == 1.0
    wrong = {pinyin: sounds.entries[name] for name, pinyin in spellings().items()
             if name in sounds.entries and sounds.entries[name] != WAYS[way](pinyin)}  # fmt: skip
    assert not wrong
    assert len(sounds.missing) < 0.04 * len(spellings())


@pytest.mark.parametrize("way", list(WAYS))
def test_syllables_that_no_character_has_are_made_of_others(way: str):
    assert not set(HIDDEN) & set(characters().values())
    for pinyin in HIDDEN:
        assert found(way).entries[str(sound(pinyin))] == WAYS[way](pinyin)


def test_a_lexicon_of_another_language_does_not_agree_with_itself():
    lexicon = {word: Entry((f"{sum(map(ord, word)) % 97}",)) for word in characters()}
    assert find_sounds(lexicon, lambda token: True).agreement < 0.8


def test_phones_of_english_are_found_where_every_symbol_is_a_phone():
    lexicon = {}
    for (
        word
    ) in "hello vision join thing this father house judge young zoo good cheese show use map boat over read cat away".split():
        phones = [phone for syllable in say_english(word) for phone in syllable.pinyin.split()]
        lexicon[word] = Entry(tuple(phone.rstrip("012").lower() for phone in phones), (7,) * len(phones))
    sounds = find_sounds(lexicon, lambda token: True)
    assert sounds.english
    assert sounds.entries["OW1"] == Entry(("ow",), (7,))
    assert sounds.entries["Z"] == Entry(("z",), (7,))
    few = {word: entry for word, entry in lexicon.items() if word in ("cat", "map")}
    assert not find_sounds(few, lambda token: True).english


def test_names_of_sounds_are_initial_and_final_spelt_out():
    assert [sound(pinyin) for pinyin in ("zhong1", "liu2", "yan3", "zhi4", "lv4", "dianr3")] == [
        "zh_ong1", "l_iou2", "_ian3", "zh_iii4", "l_v4", "d_ianr3",
    ]  # fmt: skip
    assert sound("len4") is None
