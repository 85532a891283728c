"""What a normalisation rule is, and how a family of rules is applied.

A rule is a regular expression and the function that says a match. Patterns are compiled when a text first holds one of
the rule's trigger characters, so that importing this room costs nothing and plain prose never pays for number rules.

Patterns must run in linear time: a repeated class is guarded by a lookbehind, or bounded, so that a run of a million
digits is tried from one place only.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

Speak = Callable[[re.Match[str]], str]
DIGITS = frozenset("0123456789")


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


class RuleSet:
    """Rules that are applied in order, each to the whole text.

    Triggers are looked up in the text as it came, so a rule must not be triggered by what an earlier one of its set wrote.

    Parameters
    ----------
    *families : tuple[Rule, ...]
        The rules, in order.
    digits : bool
        Whether the set has nothing to say about a text without ASCII digits.
    """

    def __init__(self, *families: tuple[Rule, ...], digits: bool = False) -> None:
        self.rules = tuple(rule for family in families for rule in family)
        self._triggers = frozenset("".join(rule.triggers for rule in self.rules))
        self._digits = digits
        self._triggered = lru_cache(maxsize=4096)(self._select)

    def __call__(self, text: str) -> str:
        """Return the text with every rule applied."""
        if self._digits and DIGITS.isdisjoint(text):
            return text
        for rule in self._triggered(self._triggers.intersection(text)):
            text = compiled(rule.pattern, rule.flags).sub(rule.speak, text)
        return text

    def _select(self, present: frozenset[str]) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.triggers or not present.isdisjoint(rule.triggers))
