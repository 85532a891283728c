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
    read_arpabet,
    read_pinyin,
    spell,
    units,
)

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
