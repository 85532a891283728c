import re

import pytest

from tingshuo.text.inverse_rules import RULES, UNITS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.write.__name__)
def test_a_pattern_compiles_and_needs_a_numeral(rule) -> None:
    pattern = re.compile(rule.pattern)
    assert not pattern.search("")
    assert not pattern.search("今天天气真好点年月日号块元分秒第比负 abc 2026年3.5%")


@pytest.mark.parametrize("char", ["一", "零", "十", "一点", "百分之一", "第一", "一块"])
def test_long_runs_take_linear_work(char: str) -> None:
    text = char * 3000
    for rule in RULES:
        for _ in re.finditer(rule.pattern, text):
            pass


def test_longer_units_come_before_what_they_begin_with() -> None:
    units = UNITS.split("|")
    assert not [(a, b) for i, a in enumerate(units) for b in units[i + 1 :] if b.startswith(a)]
