import re

from tingshuo.text.rules.rule import Rule, RuleSet, compiled


def test_rules_run_in_order_on_the_whole_text():
    rules = RuleSet((Rule("a", lambda match: "b"), Rule("b", lambda match: "c")))
    assert rules("aba") == "ccc"


def test_families_are_joined_in_order():
    assert RuleSet((Rule("a", lambda match: "b"),), (Rule("b", lambda match: "c"),))("a") == "c"


def test_a_rule_waits_for_its_trigger():
    calls = []
    rules = RuleSet((Rule("x", lambda match: calls.append(match[0]) or "y", "%"),))
    assert rules("x") == "x"
    assert rules("x%") == "y%"
    assert calls == ["x"]


def test_a_set_for_digits_leaves_other_texts_alone():
    rules = RuleSet((Rule(".", lambda match: "!"),), digits=True)
    assert rules("ab") == "ab"
    assert rules("a1") == "!!"


def test_flags_reach_the_pattern():
    assert RuleSet((Rule("A", lambda match: "b", "", re.IGNORECASE),))("a") == "b"


def test_a_pattern_is_compiled_once():
    assert compiled("a+b") is compiled("a+b")
