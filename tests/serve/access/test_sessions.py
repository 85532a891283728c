"""Tokens of browsers: for one thing, for a time, of one server."""

import pytest

from tingshuo.serve.access.sessions import ADMIN, BROWSER, LIVES_S, Sessions


class Clock:
    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    return Sessions(clock)


def test_a_token_stands_for_its_key_until_it_is_over(sessions, clock):
    token = sessions.issue("abcdefgh", BROWSER)
    assert sessions.read(token, BROWSER) == "abcdefgh"
    clock.now += LIVES_S[BROWSER] - 1
    assert sessions.read(token, BROWSER) == "abcdefgh"
    clock.now += 2
    assert sessions.read(token, BROWSER) is None


def test_a_token_is_for_one_thing(sessions):
    assert sessions.read(sessions.issue("abcdefgh", BROWSER), ADMIN) is None
    assert sessions.read(sessions.issue("abcdefgh", ADMIN), BROWSER) is None


def test_a_clock_that_jumps_back_makes_no_token_live_longer(sessions, clock):
    token = sessions.issue("abcdefgh", ADMIN)
    clock.now -= 3600
    assert sessions.read(token, ADMIN) is None


def test_a_token_of_another_server_or_before_a_restart_is_none(sessions, clock):
    assert Sessions(clock).read(sessions.issue("abcdefgh", BROWSER), BROWSER) is None


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t.replace("abcdefgh", "abcdefgi"), lambda t: t + "é", lambda t: t * 9]
)
def test_a_changed_token_is_none(sessions, change):
    assert sessions.read(change(sessions.issue("abcdefgh", BROWSER)), BROWSER) is None


@pytest.mark.parametrize("token", ["", ".", "...", "a.b", "\x00", "abcdefgh.browser.9999999999."])
def test_what_is_no_token_is_none(sessions, token):
    assert sessions.read(token, BROWSER) is None


def test_processes_of_a_server_know_each_other_by_their_secret(clock):
    one, two, stranger = Sessions(clock, b"s" * 32), Sessions(clock, b"s" * 32), Sessions(clock, b"t" * 32)
    token = one.issue("abcdefgh", BROWSER)
    assert (two.read(token, BROWSER), stranger.read(token, BROWSER)) == ("abcdefgh", None)
