import re
import subprocess
from shutil import which

import pytest

from tingshuo.errors import TextError
from tingshuo.text.foreign.espeak_mandarin import english_syllable, mandarin_syllable
from tingshuo.text.symbols import FINALS_AFTER


def spelt(initial, final):
    """Spell a syllable in pinyin."""
    if initial:
        short = {"ii": "i", "iii": "i", "iou": "iu", "uei": "ui", "uen": "un"}.get(final, final)
        return initial + (short.replace("v", "u") if initial in "jqx" else short)
    whole = {"i": "yi", "in": "yin", "ing": "ying", "u": "wu", "v": "yu", "van": "yuan", "ve": "yue", "vn": "yun"}
    whole |= {"iou": "you", "uei": "wei", "uen": "wen"}
    if final in whole:
        return whole[final]
    return {"i": "y", "u": "w"}[final[0]] + final[1:] if final[0] in "iu" else final


SYLLABLES = sorted(spelt(initial, final) for initial, finals in FINALS_AFTER.items() for final in finals)
VERSIONS = 0.08
"""Share of syllables that releases of the program write differently. 1.52 writes all but *lvan* as we do, the one that the voices
were trained with all; 1.51 has another vowel in some of those on -ang."""


@pytest.mark.parametrize(
    ("pinyin", "expected"),
    [
        ("ma1", "mˈɑ5"), ("ma2", "mˈɑɜ"), ("ma3", "mˈɑ2"), ("ma4", "mˈɑ5"), ("ma5", "mˈɑ1"), ("xian1", "ɕˈiɛ5n"),
        ("shi4", "s.ˈi.5"), ("ci2", "tshˈi̪ɜ"), ("lü4", "lˈy5"), ("yuan2", "jˈyæɜn"), ("wo3", "wˈo2"), ("guang3", "kwˈɑ2ŋ"),
        ("qun2", "tɕhˈyiɜn"), ("xiong2", "kʃəŋtˈuː"), ("yong4", "jˈonɡ5"), ("er4", "ˈər5"), ("de5", "tˈə1"), ("e4", "ˈo-5"),
        ("dianr3", "tˈiɛ2n ˈərɜ"),
    ],
)  # fmt: skip
def test_syllables(pinyin, expected):
    assert mandarin_syllable(pinyin) == expected


def test_syllables_that_differ_are_written_differently():
    """All but *en* and *hng*, which are the same syllable in another spelling."""
    assert len(SYLLABLES) == len(set(SYLLABLES))
    assert len({mandarin_syllable(f"{one}2") for one in SYLLABLES}) >= len(SYLLABLES) - 2


def test_what_is_no_syllable_is_said():
    with pytest.raises(TextError, match="'xyz1' is not a Mandarin syllable"):
        mandarin_syllable("xyz1")


def test_english():
    assert [english_syllable(one) for one in ("HH AH0", "L OW1", "W ER1 L D", "T ER0", "K AA2 R")] == [
        "hə", "lˈoʊ", "wˈɜːld", "tɚ", "kˌɑːɹ",
    ]  # fmt: skip
    with pytest.raises(TextError, match="'QQ' is no phone of English"):
        english_syllable("QQ")


@pytest.mark.skipif(which("espeak-ng") is None, reason="the program espeak-ng is not installed")
def test_the_program_writes_the_same():
    """Its voice for pinyin, which has the same phonemes as that for characters and needs no dictionary."""
    asked = [f"{one}{tone}" for one in SYLLABLES for tone in (1, 2, 3, 4)]
    command = ["espeak-ng", "-q", "--ipa", "-b", "1", "--stdin", "-v", "cmn-latn-pinyin"]
    answered = subprocess.run(command, input="\n\n".join(asked).encode(), capture_output=True, check=True).stdout.decode()
    lines = [re.sub(r"\((?:en|cmn).*?\)", "", line).strip() for line in answered.split("\n") if line.strip()]
    assert len(lines) == len(asked)
    other = {one: line for one, line in zip(asked, lines, strict=True) if mandarin_syllable(one) != line}
    assert len(other) <= VERSIONS * len(asked), other
