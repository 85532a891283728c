import string

import pytest

from tingshuo.errors import TextError
from tingshuo.text.foreign.piper import KINDS, Inventory, mandarin_phonemes, pinyin_phonemes, text_phonemes
from tingshuo.text.symbols import make_syllable
from tingshuo.types import Syllable, Word

LETTERS = "_^$ ,.?!-5ɜ21ˈˌ" + string.ascii_lowercase + "ɑəɛɕχʐŋɡæ̪oʊɪ"
ESPEAK = Inventory("espeak", {letter: (number,) for number, letter in enumerate(LETTERS)}, "cmn")
PINYIN = Inventory("pinyin", {name: (number,) for number, name in enumerate(
    "_ ^ $ Ø b p n h zh sh y w j a ao i an ong er ue ve uan u 。 ， ？ 1 2 3 4 5".split())})  # fmt: skip


def word(text, *pinyin):
    return Word(text, tuple(make_syllable(hanzi, one) for hanzi, one in zip(text, pinyin, strict=True)))


def said(inventory, encoded):
    names = {row: name for name, rows in inventory.ids.items() for row in rows}
    return "".join(names[number] for number in encoded.ids.tolist())


SENTENCE = (word("你好", "ni3", "hao3"), Word("，", pause_ms=200), word("一", "yi1"), Word("？", pause_ms=400))


def test_the_filling_stands_after_the_begin_and_after_every_phoneme():
    assert said(ESPEAK, ESPEAK.encode("ab")) == "^_a_b_$"
    assert ESPEAK.encode("ab").ids.tolist() == [1, 0, LETTERS.index("a"), 0, LETTERS.index("b"), 0, 2]
    assert said(PINYIN, PINYIN.encode(("n", "i", "3", "h", "ao", "3", "。"))) == "^ni3_hao3_。$"


def test_what_a_voice_does_not_know_is_said_once():
    encoded = ESPEAK.encode("aʡbʡ")
    assert (said(ESPEAK, encoded), encoded.skipped) == ("^_a_b_$", ("ʡ",))
    with pytest.raises(TextError, match="knows no phoneme of the sentence, such as 'ʡ'"):
        ESPEAK.encode("ʡ")
    with pytest.raises(TextError, match="has no '\\^', so a sentence cannot be marked"):
        Inventory("text", {"_": (0,), "$": (1,), "a": (2,)}).encode("a")


def test_mandarin_as_espeak_writes_it():
    phonemes = mandarin_phonemes(SENTENCE, ESPEAK)
    assert "".join(phonemes) == "nˈi2 χˈɑu2, jˈi5?"
    assert ESPEAK.encode(phonemes).skipped == ()


def test_mandarin_as_pinyin():
    phonemes = mandarin_phonemes(SENTENCE, PINYIN)
    assert phonemes == ("n", "i", "3", "h", "ao", "3", "，", "y", "i", "1", "？")
    assert PINYIN.encode(phonemes).skipped == ()


@pytest.mark.parametrize(
    ("pinyin", "expected"),
    [
        ("zhong1", "zh ong 1"), ("an4", "Ø an 4"), ("er2", "Ø er 2"), ("wo3", "w o 3"), ("yuan2", "y uan 2"), ("jue2", "j ue 2"),
        ("lve4", "l ve 4"), ("lü4", "l u 4"), ("hair2", "h ai 2 Ø er 2"),
    ],
)  # fmt: skip
def test_a_syllable_is_spelt(pinyin, expected):
    assert " ".join(pinyin_phonemes(pinyin, PINYIN.ids)) == expected


def test_the_umlaut_is_written_as_the_voice_has_it():
    assert pinyin_phonemes("lü4", {"v": 1}) == ("l", "v", "4")
    assert pinyin_phonemes("xue2", {"ve": 1}) == ("x", "ve", "2")
    assert pinyin_phonemes("yu3", {"v": 1}) == ("y", "v", "3")
    with pytest.raises(TextError, match="'5x' is not a Mandarin syllable"):
        pinyin_phonemes("5x", {})


def test_english_words_are_read_where_there_are_letters_for_them():
    hello = Word("hello", (Syllable("he", "HH AH0", "", "", 6, False, ("en:HH", "en:AH")),
                           Syllable("llo", "L OW1", "", "", 8, False, ("en:L", "en:OW"))))  # fmt: skip
    assert "".join(mandarin_phonemes((hello, word("一", "yi1")), ESPEAK)) == "həlˈoʊ jˈi5"
    with pytest.raises(TextError, match="reads Mandarin alone and cannot say 'hello'"):
        mandarin_phonemes((hello,), PINYIN)


def test_a_mark_is_said_by_what_the_voice_has():
    assert [ESPEAK.mark(mark) for mark in "，；：。…"] == [",", ",", ",", ".", "."]
    assert [PINYIN.mark(mark) for mark in "、!"] == ["，", None]


def test_voices_of_other_languages_and_kinds():
    english = Inventory("espeak", ESPEAK.ids, "en-us")
    assert [Inventory(kind, {}, "cmn").is_mandarin for kind in KINDS] == [True, False, True]
    with pytest.raises(TextError, match="this voice is not for Mandarin, it reads en-us"):
        mandarin_phonemes(SENTENCE, english)


def test_a_voice_that_reads_text_is_given_its_characters():
    assert text_phonemes("Їж ß") == ("і", "̈", "ж", " ", "s", "s")
