"""What a normalisation rule is, and how a family of rules is applied.

A rule is a regular expression and the function that says a match. Patterns are compiled when a text first holds one of
the rule's trigger characters, so that importing this room costs nothing and plain prose never pays for number rules.

Patterns must run in linear time: a repeated class is guarded by a lookbehind, or bounded, so that a run of a million
digits is tried from one place only.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

Speak = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A written form and how it is spoken.

    ``triggers`` are characters of which at least one must be in the text; empty means always. ``speak`` returns the
    spoken form of a match, or the match itself to leave it to a later rule. ``flags`` are those of `re`.
    """

    pattern: str
    speak: Speak
    triggers: str = ""
    flags: int = 0


@cache
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a compiled pattern, compiled at the first call."""
    return re.compile(pattern, flags)


def apply(rules: Iterable[Rule], text: str) -> str:
    """Apply rules in order, each to the whole text.

    Triggers are looked up in the text as it came, so a rule must not be triggered by what an earlier one wrote.
    """
    present = set(text)
    for rule in rules:
        if not rule.triggers or not present.isdisjoint(rule.triggers):
            text = compiled(rule.pattern, rule.flags).sub(rule.speak, text)
    return text
