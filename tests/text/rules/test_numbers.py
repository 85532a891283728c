import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.rules.numbers import cardinal, looks_like_code, number, quantity, spell, split_range, takes_liang

_DIGIT = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_PLACE = {"十": 10, "百": 100, "千": 1000}


def _value(spoken):
    """Read a Chinese number back, independently of the code that wrote it."""
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        head, found, tail = spoken.rpartition(unit)
        if found:
            return _value(head) * size + _value(tail)
    total = digit = 0
    for char in spoken:
        if char in _PLACE:
            total += (digit or 1) * _PLACE[char]
            digit = 0
        else:
            digit = _DIGIT[char]
    return total + digit


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 10**16 - 1))
def test_a_cardinal_reads_back_as_the_same_number(value):
    assert _value(cardinal(str(value))) == value


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 10**16 - 1))
def test_a_cardinal_has_no_double_zero_and_no_zero_at_an_end(value):
    spoken = cardinal(str(value))
    assert "零零" not in spoken
    assert spoken == "零" or not (spoken.startswith("零") or spoken.endswith("零"))


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("10", "十"),
        ("12", "十二"),
        ("20", "二十"),
        ("110", "一百一十"),
        ("1001", "一千零一"),
        ("2000", "两千"),
        ("2200", "两千二百"),
        ("10010", "一万零一十"),
        ("100000", "十万"),
        ("200000000", "两亿"),
        ("1000000000000", "一万亿"),
        ("1234567800000000", "一千二百三十四万五千六百七十八亿"),
        ("007", "零零七"),
        ("1,234", "一千二百三十四"),
        ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
    ],
)
def test_cardinals(digits, spoken):
    assert cardinal(digits) == spoken


def test_digits_are_spelled_with_either_one():
    assert spell("110") == "一一零"
    assert spell("110", yao=True) == "幺幺零"


def test_decimals_are_spelled():
    assert number("2.50") == "二点五零"


@pytest.mark.parametrize(
    ("written", "after", "spoken"),
    [
        ("2", "个", "两个"),
        ("2", "月", "二月"),
        ("-3", "度", "负三度"),
        ("2-3", "天", "两到三天"),
        ("-3~-1", "级", "负三到负一级"),
        ("22", "个", "二十二个"),
    ],
)
def test_quantities(written, after, spoken):
    assert quantity(written, after) + after == spoken


def test_a_range_below_and_above_zero_names_both_sides():
    assert quantity("-3~4", "摄氏度", minus="零下") == "零下三到零上四"
    assert quantity("-3~-1", "摄氏度", minus="零下") == "零下三到零下一"


def test_a_sign_is_not_the_dash_of_a_range():
    assert split_range("-3") == ("-3", None)
    assert split_range("-3--1") == ("-3", "-1")


@pytest.mark.parametrize("after", ["个", "千", "万", "周年", "平方米", "公里", "栋楼"])
def test_liang_before_measure_words(after):
    assert takes_liang(after)


@pytest.mark.parametrize("after", ["月", "号", "楼", "年级", "分之一", "栋", "", "人转", "次方"])
def test_er_elsewhere(after):
    assert not takes_liang(after)


def test_long_integers_are_codes_unless_counted_or_round():
    assert looks_like_code("123456789")
    assert not looks_like_code("123456789", "人")
    assert not looks_like_code("1000000000")
    assert not looks_like_code("12345678")
