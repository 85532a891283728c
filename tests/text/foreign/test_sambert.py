"""Pinyin with prosody becomes the symbols that the original's tools make of it, and those the rows of its tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from tingshuo.errors import TextError
from tingshuo.text.foreign.sambert import (
    BREAKS,
    EMOTIONS,
    PHONES,
    Unit,
    Vocabulary,
    byte_ids,
    encode_bytes,
    encode_words,
    read_arpabet,
    read_pinyin,
    spell,
    units,
)
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import make_syllable
from tingshuo.types import Syllable, Word

SPEC = Path(__file__).parents[4] / "shared" / "golden" / "sambert_16k" / "spec.json"


def written(symbols: list[Unit]) -> str:
    """Phone, tone, and the first letters of both places."""
    return " ".join(f"{u.phone}{u.tone[4:]}{u.syllable_place[2]}{u.word_place[5]}" for u in symbols)


@pytest.mark.parametrize(
    ("prosody", "pronunciation", "expected"),
    [
        ("饿#1了#4。", "e4 le5", "ge4bb e_c4ee #1_nonenn l_c5bb e_c5ee #4_nonenn"),
        ("好玩儿#4。", "hao3 wanr2", "h_c3bb ao_c3em w_c2bm anr_c2ee #4_nonenn"),
        ("图书馆", "tu2 shu1 guan3", "t_c2bb u_c2em sh_c1bm u_c1em g_c3bm uan_c3ee #4_nonenn"),
        ("这happy", "zhe4 / HH AE1 . P IY0 /", "zh_c4bb e_c4ee #1_nonenn hh1bb ae1em p0bm iy0ee #4_nonenn"),
        ("a", "/ AH0 /", "ah0bb #4_nonenn"),
        ("能#0吗#2？", "neng2 ma5", "n_c2bb eng_c2ee m_c5bb a_c5ee #4_nonenn"),
        ("岁，我", "sui4 wo3", "s_c4bb uei_c4ee #1_nonenn w_c3bb o_c3ee #4_nonenn"),
    ],
)
def test_a_sentence_becomes_symbols(prosody: str, pronunciation: str, expected: str) -> None:
    assert written(units(prosody, pronunciation)) == expected


def test_they_are_those_of_the_original() -> None:
    if not SPEC.is_file():
        pytest.skip("the golden fixtures are not there")
    spec = json.loads(SPEC.read_text("utf-8"))
    vocabulary = Vocabulary(("F7",))
    assert {name: list(vocabulary.tables[name]) for name in spec["vocabulary"]} == spec["vocabulary"]
    examples = [*spec["front_end_examples"], *spec["inputs"].values()]
    assert len(examples) == 8
    for example in examples:
        own = units(example["prosody"], example["pinyin"])
        expected = [Unit(*symbol.strip("{}").split("$")[:4]) for symbol in example["symbols"].split()]
        assert own == expected, example["prosody"]
        assert vocabulary.ids(own).shape == (len(expected), 4)


@pytest.mark.parametrize(
    ("syllable", "phones"),
    [("xi", "xx_c i_c"), ("zhi", "zh_c ih_c"), ("ci", "c_c ii_c"), ("zhir", "zh_c ihr_c"), ("er", "ge er_c"), ("her", "h_c er_c"),
     ("jun", "j_c vn_c"), ("jvn", "j_c vn_c"), ("qur", "q_c vr_c"), ("liu", "l_c iou_c"), ("liur", "l_c iour_c"),
     ("ang", "ga ang_c"), ("you", "y_c ou_c"), ("wu", "w_c u_c"), ("hunr", "h_c uenr_c"), ("ou", "go ou_c")],
)  # fmt: skip
def test_pinyin_is_spelt_as_the_original_spells_it(syllable: str, phones: str) -> None:
    assert " ".join(spell(syllable)) == phones


def test_tones_that_change_are_written_twice() -> None:
    assert [read_pinyin(p).tone for p in ("le5", "zi35", "hao6", "ng4")] == ["5", "5", "2", "4"]
    assert read_pinyin("ng4").phones == ("ge", "en_c")


@pytest.mark.parametrize(
    ("prosody", "pronunciation", "message"),
    [
        ("你好", "ni3", "more characters than 'ni3' has syllables"),
        ("你", "ni3 hao3", "more syllables than '你' has characters"),
        ("你", "ni", "'ni' is not pinyin with a tone"),
        ("你", "ni31", "'ni31' is not pinyin with a tone"),
        ("你", "nx3", "'nx' is no pinyin syllable"),
        ("ok", "/ OO1 /", "'OO1' of ' OO1 ' is not ARPAbet"),
        ("ok", "/ OW1 . /", "has an empty syllable"),
        ("，。", "", "has no word to speak"),
    ],
)
def test_what_does_not_fit_is_said(prosody: str, pronunciation: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        units(prosody, pronunciation)


def test_the_stress_of_a_syllable_is_that_of_its_vowel() -> None:
    assert [(s.phones, s.tone) for s in read_arpabet("S T R AO1 NG . ER2")] == [
        (("s", "t", "r", "ao", "ng"), "1"),
        (("er",), "0"),
    ]


def test_rows_are_places_in_the_tables() -> None:
    vocabulary = Vocabulary(("F7", "M7"), has_mask=False)
    assert (len(PHONES), len(EMOTIONS), BREAKS[0]) == (140, 33, "#1")
    assert {name: len(rows) for name, rows in vocabulary.tables.items()} == {
        "sy": 146, "tone": 9, "syllable_flag": 7, "word_segment": 7, "emotion": 35, "speaker": 4, "byte_index": 258
    }  # fmt: skip
    ids = vocabulary.ids(units("饿", "e4"))
    assert ids.tolist() == [[63, 2, 0, 0], [9, 2, 1, 1], [143, 1, 2, 4]]
    assert vocabulary.emotion_id("happy") == vocabulary.emotion_id("emotion_happy") == 5
    assert vocabulary.speaker_id("M7") == 1


def test_unknown_names_are_answered_with_those_that_there_are() -> None:
    vocabulary = Vocabulary(("F7", "M7"))
    with pytest.raises(TextError, match="no emotion 'bored'; there are: none, neutral, angry"):
        vocabulary.emotion_id("bored")
    with pytest.raises(TextError, match="no speaker '_'; there are: F7, M7"):
        vocabulary.speaker_id("_")
    with pytest.raises(TextError, match="the voice has no symbol 'tone9'"):
        vocabulary.ids([Unit("a_c", "tone9", "s_both", "word_both")])


def test_a_text_is_read_byte_by_byte() -> None:
    np.testing.assert_array_equal(byte_ids("好")[:, 0], [0xE5, 0xA5, 0xBD, ord(".")])
    assert byte_ids("ok!").shape == (3, 1)


def spoken(text: str, *pinyin: str) -> Word:
    return Word(text, tuple(make_syllable(hanzi, one) for hanzi, one in zip(text, pinyin, strict=True)))


def english(text: str, *syllables: tuple[str, str]) -> Word:
    """Return a word of letters with the ARPAbet that they are said with."""
    phones = [tuple(f"en:{phone}" for phone in arpabet.split()) for _, arpabet in syllables]
    made = (Syllable(*row, "", "", 8, phones=few) for row, few in zip(syllables, phones, strict=True))
    return Word(text, tuple(made))


COMMA = Word("，", pause_ms=150)
HELLO = english("hello", ("he", "HH AH0"), ("llo", "L OW1"))


def test_words_become_symbols_with_a_break_after_each() -> None:
    vocabulary = Vocabulary(("F7",))
    end = (Word("", pause_ms=400), Word("。", pause_ms=400))
    words = [spoken("今天", "jin1", "tian1"), spoken("好", "hao3"), COMMA, HELLO, *end]
    symbols = encode_words(words, vocabulary)
    expected = units("今天#1好#3hello#4", "jin1 tian1 hao3 / HH AH0 . L OW1 /")
    np.testing.assert_array_equal(symbols.ids, vocabulary.ids(expected))
    assert symbols.word_index.tolist() == [0, 0, 0, 0, -1, 1, 1, -1, 3, 3, 3, 3, -1]
    assert symbols.syllable_index.tolist() == [0, 0, 1, 1, -1, 0, 0, -1, 0, 0, 1, 1, -1]


def test_nothing_to_speak_is_refused() -> None:
    with pytest.raises(TextError, match="there is nothing to speak"):
        encode_words([COMMA], Vocabulary(("F7",)))


def test_every_syllable_that_our_texts_are_read_with_can_be_spelt() -> None:
    """What our dictionaries write, erhua too, is pinyin that these voices know."""
    lexicon = load_lexicon()
    syllables = {one for code in range(0x4E00, 0xA000) for one in lexicon.readings(chr(code))}
    assert len(syllables) > 1400
    for syllable in sorted(syllables):
        assert set(read_pinyin(syllable).phones) <= set(PHONES), syllable


def test_bytes_belong_to_the_syllables_whose_characters_they_spell() -> None:
    symbols = encode_bytes([spoken("你好", "ni3", "hao3"), COMMA, HELLO, english("OK", ("O", "OW1"), ("K", "K EY1"))])
    text = "你好，hello OK.".encode()
    assert bytes(symbols.ids[:, 0].tolist()) == text
    assert symbols.word_index.tolist() == [0] * 6 + [-1] * 3 + [2] * 5 + [-1] + [3] * 2 + [-1]
    assert symbols.syllable_index.tolist() == [0] * 3 + [1] * 3 + [-1] * 3 + [0] * 2 + [1] * 3 + [-1, 0, 1, -1]


def test_a_letter_of_several_syllables_is_one_byte() -> None:
    symbols = encode_bytes([english("W", ("W", "D AH1"), ("", "B AH0 L"), ("", "Y UW0"))])
    assert symbols.word_index.tolist() == [0, -1]
    assert symbols.syllable_index.tolist() == [0, -1]


def test_characters_that_are_not_the_syllables_share_their_bytes() -> None:
    word = Word("abcd", (make_syllable("x", "a1"), make_syllable("y", "bo1")))
    assert encode_bytes([word]).syllable_index.tolist() == [0, 0, 1, 1, -1]
