"""The test vectors of RFC 4226 and RFC 6238, and codes that are good once."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tingshuo.errors import ConfigError
from tingshuo.serve.access.totp import DIGITS, STEP_S, Codes, code, decode_secret, new_secret, step_at, uri

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""``12345678901234567890``, the secret of both RFCs."""


class Clock:
    """A clock that is set by hand, seconds since 1970."""

    def __init__(self, now: float = 1_000_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def code(self, steps: int = 0, secret: str = SECRET) -> str:
        return code(decode_secret(secret), step_at(self.now) + steps)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def codes(clock):
    """A checker that has been running for a while."""
    made = Codes(clock)
    clock.now += 10 * STEP_S
    return made


def test_the_vectors_of_rfc_4226():
    """Appendix D."""
    expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()
    assert [code(b"12345678901234567890", n) for n in range(10)] == expected


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(time_s, expected):
    """Appendix B, SHA-1, eight digits."""
    assert code(decode_secret(SECRET), step_at(time_s), 8) == expected


def test_a_code_is_good_once(codes, clock):
    now = clock.code()
    assert codes.accept("a", SECRET, now)
    assert not codes.accept("a", SECRET, now)
    assert codes.accept("b", SECRET, now), "of another key it is another code"


def test_after_a_code_no_older_one_is_good(codes, clock):
    assert codes.accept("a", SECRET, clock.code(+1))
    assert not codes.accept("a", SECRET, clock.code())
    assert not codes.accept("a", SECRET, clock.code(-1))


def test_a_phone_may_be_a_step_early_or_late_but_no_more(codes, clock):
    assert not codes.accept("a", SECRET, clock.code(-2))
    assert not codes.accept("a", SECRET, clock.code(+2))
    assert codes.accept("a", SECRET, clock.code(-1))
    assert codes.accept("a", SECRET, clock.code(+1))


def test_the_code_of_the_moment_of_a_restart_is_not_good(clock):
    codes = Codes(clock)
    assert not codes.accept("a", SECRET, clock.code())
    clock.now += STEP_S
    assert codes.accept("a", SECRET, clock.code())


def test_a_clock_that_is_set_back_opens_nothing_again(codes, clock):
    assert codes.accept("a", SECRET, clock.code())
    clock.now -= 5 * STEP_S
    assert not codes.accept("a", SECRET, clock.code())
    clock.now += 6 * STEP_S
    assert codes.accept("a", SECRET, clock.code())


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34", "-12345", "1" * 100_000])
def test_what_is_no_code_is_not_good(codes, given):
    assert not codes.accept("a", SECRET, given)


def test_spaces_between_digits_are_left_out(codes, clock):
    now = clock.code()
    assert codes.accept("a", SECRET, f"{now[:3]} {now[3:]}")


def test_secrets_are_random_and_read_back():
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(decode_secret(first)) == 20
    assert decode_secret(SECRET) == b"12345678901234567890"
    with pytest.raises(ConfigError, match="not base32"):
        decode_secret("1!")


def test_the_address_for_apps():
    parts = urlsplit(uri(SECRET, "管理员 & co"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Tingshuo:管理员 & co"
    assert parse_qs(parts.query) == {
        "secret": [SECRET],
        "issuer": ["Tingshuo"],
        "algorithm": ["SHA1"],
        "digits": [str(DIGITS)],
        "period": [str(STEP_S)],
    }
