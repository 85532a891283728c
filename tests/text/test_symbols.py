from pathlib import Path

import numpy as np
import pytest

from tingshuo.errors import TextError
from tingshuo.text.arpabet import english_syllable
from tingshuo.text.symbols import (
    ALL_PHONES,
    ALL_TONES,
    ENGLISH_PHONES,
    FINALS,
    FINALS_AFTER,
    INITIALS,
    MANDARIN_TONES,
    NEAREST,
    NEAREST_TONES,
    PHONES,
    encode,
    has_english,
    make_syllable,
    split_syllable,
)
from tingshuo.types import Word

EXPECTED = Path(__file__).parents[3] / "shared" / "seed_voice" / "expected.npz"
SENTENCES = {
    "zao": "jin1 tian1|shang4 wu3|wo3 men5|qu4|gong1 yuan2|san4 bu4||tian1 qi4|te4 bie2|hao3",
    "shi": "si4 shi2 si4|zhi1|shi2|shi1 zi5|shi4|si3|de5",
    "er": "er2 zi5|lv3 xing2|hui2 lai2||mai3|le5|yi4 dianr3|yue4 qi4",
}


def words_of(sentence: str) -> list[Word]:
    return [
        Word("字", tuple(make_syllable("字", p) for p in word.split())) if word else Word("，", pause_ms=150)
        for word in sentence.split("|")
    ]


def test_phone_table_is_the_one_that_voices_are_trained_on() -> None:
    assert len(PHONES) == len(set(PHONES)) == 65
    places = ("_", "sil", "sp", "zh", "b", "s", "a", "er", "iii", "v", "vn", "R", "ue")
    assert [PHONES.index(p) for p in places] == [0, 1, 2, 3, 6, 23, 24, 33, 41, 59, 62, 63, 64]
    assert set(FINALS_AFTER) == {"", *INITIALS}
    assert set().union(*FINALS_AFTER.values()) == set(FINALS)


@pytest.mark.parametrize(
    ("pinyin", "parts"),
    [
        ("zhong1", ("zh", "ong", 1, False)),
        ("liu2", ("l", "iou", 2, False)),
        ("gui4", ("g", "uei", 4, False)),
        ("lun2", ("l", "uen", 2, False)),
        ("zi3", ("z", "ii", 3, False)),
        ("ri4", ("r", "iii", 4, False)),
        ("qi1", ("q", "i", 1, False)),
        ("xue2", ("x", "ve", 2, False)),
        ("jun1", ("j", "vn", 1, False)),
        ("lü4", ("l", "v", 4, False)),
        ("nu:e4", ("n", "ve", 4, False)),
        ("lue4", ("l", "ve", 4, False)),
        ("yi1", ("", "i", 1, False)),
        ("you3", ("", "iou", 3, False)),
        ("yuan2", ("", "van", 2, False)),
        ("yong4", ("", "iong", 4, False)),
        ("yo1", ("", "io", 1, False)),
        ("wu3", ("", "u", 3, False)),
        ("weng1", ("", "ueng", 1, False)),
        ("er2", ("", "er", 2, False)),
        ("dianr3", ("d", "ian", 3, True)),
        ("ng4", ("", "en", 4, False)),
        ("m2", ("m", "u", 2, False)),
        ("men", ("m", "en", 5, False)),
    ],
)
def test_split_syllable(pinyin: str, parts: tuple[str, str, int, bool]) -> None:
    assert split_syllable(pinyin) == parts


@pytest.mark.parametrize(
    "pinyin", ["", "1", "bong1", "zhong6", "zhong0", "Zhong1", "jong1", "xa1", "fi4", "hello", "重", "qr1", "zh1", "r5"]
)
def test_what_is_not_mandarin_is_refused(pinyin: str) -> None:
    with pytest.raises(TextError, match="is not a Mandarin syllable"):
        split_syllable(pinyin)


def test_make_syllable_writes_the_pinyin_in_one_way() -> None:
    syllable = make_syllable("绿", "lü4")
    assert (syllable.pinyin, syllable.initial, syllable.final, syllable.tone, syllable.erhua) == ("lv4", "l", "v", 4, False)
    assert make_syllable("们", "men").pinyin == "men5"
    assert make_syllable("点儿", "dianr3").erhua


def test_encode_places_phones_tones_and_positions() -> None:
    sequence = encode(words_of("er2 zi5||yi4 dianr3"))
    assert [PHONES[i] for i in sequence.ids] == ["sil", "er", "z", "ii", "sp", "i", "d", "ian", "R", "sil"]
    assert sequence.tones.tolist() == [0, 2, 5, 5, 0, 4, 3, 3, 3, 0]
    assert sequence.positions.tolist() == [0, 1, 2, 2, 0, 1, 2, 2, 2, 0]
    assert sequence.word_index.tolist() == [-1, 0, 0, 0, -1, 2, 2, 2, 2, -1]
    assert sequence.syllable_index.tolist() == [-1, 0, 1, 1, -1, 0, 1, 1, 1, -1]
    assert sequence.pause_ms.tolist() == [0, 0, 0, 0, 150, 0, 0, 0, 0, 0]
    assert all(a.dtype == np.int64 for a in (sequence.ids, sequence.tones, sequence.positions, sequence.pause_ms))


def test_encode_joins_pauses_and_gives_the_outer_ones_to_the_silence() -> None:
    pause, word = Word("，", pause_ms=150), words_of("hao3")[0]
    sequence = encode([pause, word, pause, Word("。", pause_ms=400), word, Word("！", pause_ms=300)])
    assert [PHONES[i] for i in sequence.ids] == ["sil", "h", "ao", "sp", "h", "ao", "sil"]
    assert sequence.pause_ms.tolist() == [150, 0, 0, 400, 0, 0, 300]
    assert sequence.word_index.tolist() == [-1, 1, 1, -1, 4, 4, -1]


def test_encode_of_nothing_is_silence() -> None:
    assert encode([]).ids.tolist() == [1, 1]
    assert encode([Word("。", pause_ms=400)]).pause_ms.tolist() == [0, 400]


def test_encode_uses_the_table_of_the_voice_and_refuses_what_it_lacks() -> None:
    assert encode(words_of("a1"), ["a", "sil"]).ids.tolist() == [1, 0, 1]
    with pytest.raises(TextError, match="no phone 'h'"):
        encode(words_of("ha1"), ["a", "sil"])


@pytest.mark.skipif(not EXPECTED.exists(), reason="the reference outputs of the seed voice are not here")
@pytest.mark.parametrize("name", SENTENCES)
def test_encode_equals_the_recipe_of_the_seed_voice(name: str) -> None:
    expected = np.load(EXPECTED)
    sequence = encode(words_of(SENTENCES[name]))
    np.testing.assert_array_equal(sequence.ids, expected[f"{name}/ids"])
    np.testing.assert_array_equal(sequence.tones, expected[f"{name}/tones"])
    np.testing.assert_array_equal(sequence.positions, expected[f"{name}/positions"])


def test_english_phones_follow_those_of_mandarin_and_are_others() -> None:
    assert ALL_PHONES[:65] == PHONES
    assert len(ALL_PHONES) == len(set(ALL_PHONES)) == 104
    assert has_english(ALL_PHONES)
    assert not has_english(PHONES)


def test_every_english_phone_and_stress_has_its_nearest_in_mandarin() -> None:
    assert tuple(NEAREST) == ENGLISH_PHONES
    assert set(NEAREST.values()) <= {*INITIALS, *FINALS}
    assert list(NEAREST_TONES) == list(range(MANDARIN_TONES, ALL_TONES))
    assert set(NEAREST_TONES.values()) <= set(range(1, 6))


def test_encode_of_english_and_mandarin_words() -> None:
    hello = Word("hello", (english_syllable("he", ("HH", "AH0")), english_syllable("llo", ("L", "OW1"))))
    sequence = encode([*words_of("hao3"), hello])
    assert [ALL_PHONES[i] for i in sequence.ids] == ["sil", "h", "ao", "en:HH", "en:AH", "en:L", "en:OW", "sil"]
    assert sequence.tones.tolist() == [0, 3, 3, 6, 6, 8, 8, 0]
    assert sequence.positions.tolist() == [0, 1, 2, 1, 2, 2, 2, 0]
    assert sequence.syllable_index.tolist() == [-1, 0, 0, 0, 0, 1, 1, -1]
    with pytest.raises(TextError, match="no phone 'en:HH'"):
        encode([hello], PHONES)
