import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import TextError
from tingshuo.text.arpabet import english_syllable, from_notation, is_vowel, read_arpabet, syllabify, to_notation
from tingshuo.text.symbols import ARPABET, ENGLISH_PHONES, PRIMARY, SECONDARY, UNSTRESSED


def cut(phones: str) -> str:
    return " . ".join(" ".join(one) for one in syllabify(phones.split()))


def test_the_notation_of_the_dictionary_goes_both_ways() -> None:
    assert from_notation("HulO1") == ("HH", "AH0", "L", "OW1")
    assert to_notation(("HH", "AH0", "L", "OW1")) == "HulO1"


@pytest.mark.parametrize(
    ("phones", "syllables"),
    [
        ("HH AH0 L OW1", "HH AH0 . L OW1"),
        ("EH1 K S T R AH0", "EH1 K . S T R AH0"),
        ("S IH1 NG ER0", "S IH1 NG . ER0"),
        ("AE1 T L AH0 S", "AE1 T . L AH0 S"),
        ("K AH0 M P Y UW1 T ER0", "K AH0 M . P Y UW1 . T ER0"),
        ("N EY1 SH AH0 N", "N EY1 . SH AH0 N"),
        ("S T R EH1 NG K TH S", "S T R EH1 NG K TH S"),
        ("SH", "SH"),
        ("", ""),
    ],
)
def test_consonants_begin_a_syllable_as_far_as_words_can_begin_with_them(phones: str, syllables: str) -> None:
    assert cut(phones) == syllables


@settings(deadline=None)
@given(st.lists(st.sampled_from([phone + "0" if is_vowel(phone) else phone for phone in ARPABET])))
def test_no_phone_is_lost_and_each_syllable_has_one_vowel(phones: list[str]) -> None:
    syllables = syllabify(phones)
    assert [phone for one in syllables for phone in one] == phones
    if any(map(is_vowel, phones)):
        assert all(sum(map(is_vowel, one)) == 1 for one in syllables)


def test_a_syllable_has_the_stress_of_its_vowel_as_its_tone() -> None:
    stressed = english_syllable("lo", ("L", "OW1"))
    assert (stressed.hanzi, stressed.pinyin, stressed.tone) == ("lo", "L OW1", PRIMARY)
    assert (stressed.initial, stressed.final, stressed.erhua) == ("", "", False)
    assert stressed.phones == ("en:L", "en:OW")
    assert set(stressed.phones) <= set(ENGLISH_PHONES)
    assert english_syllable("", ("AH0",)).tone == UNSTRESSED
    assert english_syllable("", ("K", "EY2")).tone == SECONDARY
    assert english_syllable("", ("SH",)).tone == UNSTRESSED


@pytest.mark.parametrize(
    ("written", "syllables"),
    [
        ("HH AH0 L OW1", [("HH", "AH0"), ("L", "OW1")]),
        ("hh ah l ow1", [("HH", "AH0"), ("L", "OW1")]),
        ("HH AH0 L . OW1", [("HH", "AH0", "L"), ("OW1",)]),
        ("K AE T", [("K", "AE1", "T")]),
        ("AH0", [("AH0",)]),
    ],
)
def test_arpabet_is_read(written: str, syllables: list[tuple[str, ...]]) -> None:
    assert read_arpabet(written) == syllables


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "no ARPAbet"),
        ("HH XX", "'XX' is not"),
        ("L1 OW1", "'L1' is not"),
        ("OW3", "'OW3' is not"),
        ("L . OW1", "exactly one vowel"),
    ],
)
def test_what_is_not_arpabet_is_refused(written: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        read_arpabet(written)
