import pytest

from tingshuo.errors import TextError
from tingshuo.text.sayas import KINDS, say_as


@pytest.mark.parametrize(
    ("kind", "form", "text", "said"),
    [
        ("cardinal", "", "12345", "一万二千三百四十五"),
        ("cardinal", "", "-3.05", "负三点零五"),
        ("cardinal", "", "1,234", "一千二百三十四"),
        ("cardinal", "", "007", "七"),
        ("cardinal", "", "１２", "十二"),
        ("number", "", "+8", "正八"),
        ("cardinal", "", "2000", "两千"),
        ("cardinal", "", "22222", "两万二千二百二十二"),
        ("currency", "", "2", "两元"),
        ("currency", "", "-2.2", "负两元两角"),
        ("currency", "", "002.50", "两元五角"),
        ("currency", "", "$2.50", "二点五美元"),
        ("currency", "", "2万", "两万元"),
        ("fraction", "", "1/100", "百分之一"),
        ("percent", "", "100%", "百分之百"),
        ("percent", "", "+05", "正百分之五"),
        ("ordinal", "", "3", "第三"),
        ("ordinal", "", "第12", "第十二"),
        ("digits", "", "2023", "二零二三"),
        ("digits", "", "3.14", "三点一四"),
        ("digits", "", "12 34", "一二三四"),
        ("telephone", "", "13800138000", "幺三八零零幺三八零零零"),
        ("telephone", "", "+86 138-0013-8000", "加八六，幺三八，零零幺三，八零零零"),
        ("telephone", "", "(010)12345678转802", "零幺零，幺二三四五六七八转八零二"),
        ("id", "", "110105 19491231 002X", "幺幺零幺零五幺九四九幺二三幺零零二 X"),
        ("year", "", "2023", "二零二三年"),
        ("year", "", "-221", "公元前二二一年"),
        ("date", "", "2023-05-06", "二零二三年五月六日"),
        ("date", "", "20231231", "二零二三年十二月三十一日"),
        ("date", "", "2023年5月", "二零二三年五月"),
        ("date", "", "5/6", "五月六日"),
        ("date", "dm", "5/6", "六月五日"),
        ("date", "mdy", "05/06/2023", "二零二三年五月六日"),
        ("date", "", "1949", "一九四九年"),
        ("time", "", "12:30", "十二点三十分"),
        ("time", "", "02:05:09", "两点零五分零九秒"),
        ("time", "hms12", "2:30pm", "下午两点三十分"),
        ("time", "", "8:00", "八点"),
        ("time", "ms", "2:05", "两分五秒"),
        ("currency", "", "¥12.50", "十二元五角"),
        ("currency", "", "3.08", "三元零八分"),
        ("currency", "", "0.05", "五分"),
        ("currency", "", "100.00", "一百元"),
        ("currency", "", "$1,234.5", "一千二百三十四点五美元"),
        ("currency", "", "3.5万", "三点五万元"),
        ("currency", "EUR", "20", "二十欧元"),
        ("currency", "", "20 USD", "二十美元"),
        ("fraction", "", "3/4", "四分之三"),
        ("fraction", "", "-1/2", "负二分之一"),
        ("fraction", "", "1 3/4", "一又四分之三"),
        ("ratio", "", "16:9", "十六比九"),
        ("score", "", "21-19", "二十一比十九"),
        ("percent", "", "12.5%", "百分之十二点五"),
        ("percent", "", "-3", "负百分之三"),
        ("unit", "", "5kg", "5kg"),
        ("measure", "", "60 km/h", "60 km/h"),
        ("characters", "", "A1-中。", "A 一杠中句号"),
        ("spell-out", "", "Hello", "H E L L O"),
        ("verbatim", "", "a@b", "A 艾特 B"),
    ],
)
def test_readings(kind: str, form: str, text: str, said: str) -> None:
    assert say_as(text, kind, form) == said


def test_every_kind_has_a_reading_here() -> None:
    (mark,) = (m for m in test_readings.pytestmark if m.name == "parametrize")
    assert {case[0] for case in mark.args[1]} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "form", "text", "told"),
    [
        ("song", "", "1", "telephone"),
        ("cardinal", "", "abc", "1,234"),
        ("cardinal", "", "1.2.3", "1,234"),
        ("digits", "", " ", "nothing to say"),
        ("date", "", "2023-13-01", "20230506"),
        ("date", "ymd", "5-6", "20230506"),
        ("date", "xyz", "2023-01-02", "20230506"),
        ("date", "", "heute", "20230506"),
        ("time", "", "25:00", "12:30"),
        ("time", "xx", "12:00", "hms24"),
        ("time", "", "12:61", "12:30"),
        ("currency", "XYZ", "5", "USD"),
        ("currency", "", "5 ABC", "USD"),
        ("fraction", "", "3", "3/4"),
        ("telephone", "", "call me", "138"),
        ("unit", "", "kg", "5kg"),
    ],
)
def test_what_does_not_fit_its_kind_is_refused_with_what_fits(kind: str, form: str, text: str, told: str) -> None:
    with pytest.raises(TextError) as caught:
        say_as(text, kind, form)
    assert told in str(caught.value)
