import pytest

from tingshuo.text.rules.punctuation import keep_gaps, punctuate, tidy


@pytest.mark.parametrize(
    ("written", "unified"),
    [
        ("a,b;c:d!e?", "a，b；c：d！e？"),
        ("好.", "好。"),
        ("好...", "好……"),
        ("好。。。", "好……"),
        ("好--坏", "好——坏"),
        ("「好」", "“好”"),
        ('"好"', "“好”"),
        ("[好]", "（好）"),
        ("I'm", "I'm"),
        ("'好'", "‘好’"),
        ("A & B", "A and B"),
        ("甲&乙", "甲和乙"),
        ("甲/乙", "甲、乙"),
        ("a/b", "a b"),
        ("U.S.", "US"),
        ("Mr. A", "Mr A"),
        ("α", "阿尔法"),
        ("★★★", "三颗星"),
        ("好 坏", "好坏"),
        ("a b", "a b"),
        ("好！！", "好！"),
        ("（）", ""),
        ("甲，。", "甲。"),
    ],
)
def test_marks(written, unified):
    assert punctuate(written, {}) == unified


def test_a_sign_without_a_reading_is_told():
    warnings = {}
    assert punctuate("好®", warnings) == "好"
    assert list(warnings) == ["Dropped ®, which has no reading."]


def test_letters_of_other_scripts_stay():
    assert punctuate("かな Кот é", {}) == "かな Кот é"


def test_spaces_that_part_lines_of_verse_become_commas():
    assert keep_gaps("床前明月光 疑是地上霜") == "床前明月光，疑是地上霜"
    assert keep_gaps("第一章 风起") == "第一章，风起"
    assert tidy(keep_gaps("今天 天气")) == "今天天气"
