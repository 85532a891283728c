"""Errors of texts that were heard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.errors import DataError
from tingshuo.text import metrics
from tingshuo.text.metrics import Errors, compare, pair_up

SHORT = st.text("甲乙丙", max_size=7)


def distance(a, b):
    """By the definition."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


@given(SHORT, SHORT)
def test_there_are_as_few_errors_as_possible_and_nothing_is_lost_of_either_text(reference, heard):
    pairs = pair_up(list(reference), list(heard))
    found = metrics.count(pairs)
    assert found.count == distance(reference, heard)
    assert "".join(said for said, _ in pairs if said) == reference
    assert "".join(other for _, other in pairs if other) == heard
    assert found.reference == len(reference)
    assert found.hits + found.substitutions + found.insertions == len(heard)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("今天天气很好", Errors(6)),
        ("今天天汽很好", Errors(5, substitutions=1)),
        ("今天天很好", Errors(5, deletions=1)),
        ("今天的天气很好", Errors(6, insertions=1)),
        ("", Errors(deletions=6)),
    ],
)
def test_each_kind_of_error_is_counted(heard, errors):
    assert compare("今天天气很好", heard) == errors
    assert errors.rate == pytest.approx(errors.count / 6)


def test_errors_add_up():
    total = sum((compare("甲乙", "甲"), compare("", "丙"), compare("丙", "丁")), Errors())
    assert total == Errors(1, 1, 1, 1)
    assert total.rate == 1.0


def test_of_nothing_the_rate_is_what_was_heard():
    assert compare("", "").rate == 0.0
    assert compare("。", "").rate == 0.0
    assert math.isinf(compare("", "嗯").rate)


@pytest.mark.parametrize(
    ("form", "reference", "heard", "count"),
    [
        ("written", "你好，World。", "你好，World。", 0),
        ("written", "你好，World。", "你好world", 3),
        ("plain", "你好，World。", "你 好 ｗorld", 0),
        ("plain", "2026年", "二零二六年", 4),
        ("spoken", "2026年", "二零二六年", 0),
        ("spoken", "氣溫3℃", "气温三摄氏度", 0),
    ],
)
def test_forms_say_what_counts(form, reference, heard, count):
    assert compare(reference, heard, form=form).count == count


@pytest.mark.parametrize(
    ("unit", "errors"),
    [("character", Errors(6, 2)), ("word", Errors(3, 2)), ("syllable", Errors(4, 1)), ("base_syllable", Errors(5))],
)
def test_units_say_what_is_counted(unit, errors):
    """他 and 她 sound alike, 买 and 卖 but for the tone."""
    assert compare("他买了吗 word。", "她卖了吗 word", unit=unit) == errors


def test_syllables_are_those_of_the_front_end():
    assert metrics.syllables("银行行长 hello") == ["yin2", "hang2", "hang2", "zhang3", "hello"]
    assert metrics.base_syllables("绿色") == ["lv", "se"]


def test_blanks_beside_chinese_mean_nothing_and_others_do():
    assert metrics.plain("我 用 machine  learning 吧！") == "我用machine learning吧"
    assert metrics.words("我用machine learning吧") == ["我", "用", "machine", "learning", "吧"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"unit": "letter"}, "unknown unit 'letter'; accepted: character"), ({"form": "x"}, "unknown form 'x'; accepted: written")],
)
def test_what_is_unknown_is_said(options, message):
    with pytest.raises(DataError, match=message):
        compare("", "", **options)


def test_texts_that_are_too_long_are_refused():
    with pytest.raises(DataError, match="6000 and 6000 units are too long"):
        compare("好" * 6000, "好" * 6000)
