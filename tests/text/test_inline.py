import pytest

from tingshuo.errors import TextError
from tingshuo.text.inline import inline_runs, read_pinyin
from tingshuo.types import Prosody


def runs_of(text: str) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    warnings: list[str] = []
    return [(run.text, run.pinyin) for run in inline_runs(text, warnings.append)], warnings


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("chong2", "chong2"),
        ("chóng", "chong2"),
        ("lü4", "lv4"),
        ("lu:4", "lv4"),
        ("lǜ", "lv4"),
        ("nǚ", "nv3"),
        ("ma0", "ma5"),
        ("ma5", "ma5"),
        ("huār", "huar1"),
        ("dianr3", "dianr3"),
        ("Zhōng", "zhong1"),
        ("jué", "jue2"),
        ("xióng", "xiong2"),
        ("ér", "er2"),
    ],
)
def test_pinyin_is_read_with_digits_and_with_marks(written: str, read: str) -> None:
    assert read_pinyin(written) == read


@pytest.mark.parametrize("written", ["", "chong", "chong6", "xyz9", "chóng2", "中", "2", "bo\u0301\u0300", "chong22", "ma 1"])
def test_what_is_not_pinyin_with_a_tone_is_refused(written: str) -> None:
    with pytest.raises(TextError, match=r"syllable|pinyin"):
        read_pinyin(written)


def test_marks_are_taken_from_the_text_and_bind_to_the_hanzi_before_them() -> None:
    assert runs_of("去重[chong2]庆，重[chóng]来")[0] == [
        ("去", ()),
        ("重", ("chong2",)),
        ("庆，", ()),
        ("重", ("chong2",)),
        ("来", ()),
    ]
    assert runs_of("重庆[chong2 qing4]人") == ([("重庆", ("chong2", "qing4")), ("人", ())], [])
    assert runs_of("行[xing2]行[hang2]")[0] == [("行", ("xing2",)), ("行", ("hang2",))]


@pytest.mark.parametrize(
    "text",
    [
        "数组[0]",
        "真好[微笑]",
        "点[OK]",
        "单元格[A1]",
        "见[here](http://a.b)",
        "链接[ma1](http://a.b)",
        "x[ma1]",
        "[ma1]",
        "，[ma1]",
        "见[a]",
        "你[]",
        "庆[chong2 qing4]",
        "你[chong2",
        "a[0][1]",
        "见[注释]和[1-3]",
        "他[Smith 2020]",
    ],
)
def test_other_brackets_are_text(text: str) -> None:
    assert runs_of(text) == ([(text, ())], [])


@pytest.mark.parametrize("mark", ["[xyz9]", "[hang]", "[chong6]", "[zzz1]"])
def test_a_mark_that_fails_is_told_and_stays_text(mark: str) -> None:
    runs, warnings = runs_of(f"你{mark}好")
    assert runs == [(f"你{mark}好", ())]
    assert len(warnings) == 1
    assert mark in warnings[0]


def test_the_manner_is_kept() -> None:
    assert all(run.prosody.rate == 2 for run in inline_runs("去重[chong2]庆", print, Prosody(rate=2)))


def test_a_latin_word_is_pronounced_by_arpabet() -> None:
    assert runs_of("用Qt[K Y UW1 T]写")[0] == [("用", ()), ("Qt", ("K Y UW1 T",)), ("写", ())]
    assert runs_of("hello[HH AH0.L OW1]")[0] == [("hello", ("HH AH0", "L OW1"))]
    assert runs_of("重[chong2]Wi-Fi[W AY1 F AY0]")[0] == [("重", ("chong2",)), ("Wi-Fi", ("W AY1", "F AY0"))]


@pytest.mark.parametrize("text", ["数组a[I]", "见附录A[B C]", "arr[0]", "link[AH0](x)", "重[AH0]"])
def test_other_capitals_in_brackets_are_text(text: str) -> None:
    assert "".join(run for run, _ in runs_of(text)[0]) == text


def test_a_mark_that_is_no_arpabet_is_told() -> None:
    runs, warnings = runs_of("x[ZZ1 AH0]好")
    assert runs == [("x[ZZ1 AH0]好", ())]
    assert "'ZZ1' is not an ARPAbet phone" in warnings[0]
