import pytest

from tingshuo.text.rules.markup import strip_markup


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("## 标题 ##", "标题"),
        ("- 项", "项"),
        ("* 项", "项"),
        ("> 引", "引"),
        ("**重**", "重"),
        ("*斜*", "斜"),
        ("~~删~~", "删"),
        ("`码`", "码"),
        ("[字](http://a.b)", "字"),
        ("![图](x.png)", "图"),
        ("句[1]。", "句。"),
        ("```py\n码\n```", "码\n"),
        ("|甲|乙|\n|--|--|\n|1|2|", "甲，乙。\n1，2。"),
        ("<b>粗</b>", "粗"),
        ("一<br/>二", "一\n二"),
        ("<!-- 注 -->文", "文"),
    ],
)
def test_marks_are_dropped_and_words_kept(written, plain):
    warnings = {}
    assert strip_markup(written, warnings) == plain
    assert len(warnings) == 1


@pytest.mark.parametrize("text", ["2*3*4", "a_b_c", "-5", ">100", "1 < 2 > 0", "C#", "——", "~5", "[甲]", "3 - 2"])
def test_signs_that_are_no_marks_stay(text):
    warnings = {}
    assert strip_markup(text, warnings) == text
    assert warnings == {}
