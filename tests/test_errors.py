"""The error tree: every class has an HTTP status and an exit code, and is drawn in the module's docstring."""

import inspect
import re

import pytest

from tingshuo import errors
from tingshuo.errors import OUTCOMES, BusyError, Outcome, RequestError, TingshuoError, outcome

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, TingshuoError)]


def test_every_error_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(CLASSES)
    assert len(CLASSES) >= 20


def test_every_error_is_drawn_below_its_parent() -> None:
    drawn: dict[str, int] = {}
    parents: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)(\w+Error)\b", line):
            depth, name = len(match[1]) // 4, match[2]
            drawn[name] = depth
            above = [other for other, d in drawn.items() if d == depth - 1]
            parents[name] = above[-1] if above else "Exception"
    assert parents == {c.__name__: c.__base__.__name__ for c in CLASSES if c.__base__}


@pytest.mark.parametrize("error", CLASSES)
def test_statuses_and_exit_codes_are_those_of_failures(error: type[TingshuoError]) -> None:
    status, exit_code = OUTCOMES[error]
    assert 400 <= status <= 599
    assert 1 <= exit_code <= 63


def test_an_error_of_a_plugin_has_the_outcome_of_its_parent() -> None:
    class NoSuchStyleError(errors.UnknownVoiceError):
        pass

    assert outcome(NoSuchStyleError("no such style")) == Outcome(404, 2)


def test_errors_carry_what_replies_need() -> None:
    assert RequestError("speed is wrong", "speed").param == "speed"
    assert str(RequestError("speed is wrong", "speed")) == "speed is wrong"
    assert BusyError("queue is full", 2.5).retry_after_s == 2.5
