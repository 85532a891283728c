"""Codes that change every half minute, as the apps of phones show them: TOTP, RFC 6238, on HOTP, RFC 4226.

SHA-1, six digits and 30 s are what every such app knows; an HMAC needs no more of its hash than SHA-1 has.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Callable
from urllib.parse import quote

from tingshuo.errors import ConfigError

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
"""As long as the hash, as RFC 4226 recommends (section 4, R6)."""
DRIFT_STEPS = 1
"""Steps that the clock of the phone may be early or late (RFC 6238, section 5.2)."""


def new_secret() -> str:
    """Return a secret of 160 random bits, in base32 as apps want it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def decode_secret(secret: str) -> bytes:
    """Return the bytes of a secret.

    Raises
    ------
    ConfigError
        It is not base32.
    """
    try:
        return base64.b32decode(secret, casefold=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError("the secret of a second factor is not base32; revoke the key and add another") from error


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step, the number of half minutes since 1970 (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = struct.unpack_from(">I", digest, offset)[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(time_s: float) -> int:
    """Return the step of a time in seconds since 1970."""
    return max(0, int(time_s // STEP_S))


def uri(secret: str, account: str, issuer: str = "Tingshuo") -> str:
    """Return the address that apps read, as a text or a QR code (Key URI Format of Google Authenticator)."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"


class Codes:
    """Checks codes, each of which is good once.

    What was used before a restart is not known, so the code of that moment and older ones are not accepted after it: the next
    code is at most half a minute away. A clock that is set back makes codes wait until it has caught up.

    Parameters
    ----------
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._first = step_at(clock())
        self._last: dict[str, int] = {}

    async def use(self, who: str, secret: str, given: str) -> bool:
        """As `accept`; where several processes share what was used, that takes a moment."""
        return self.accept(who, secret, given)

    def accept(self, who: str, secret: str, given: str) -> bool:
        """Whether a code is the right one for now and was not used yet; it is used up then.

        Parameters
        ----------
        who : str
            Id of the key that the secret belongs to.
        secret : str
            In base32.
        given : str
            What was sent; spaces are left out.
        """
        digits = given.replace(" ", "")
        if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
            return False
        now, last, known = step_at(self._clock()), self._last.get(who, self._first), decode_secret(secret)
        found = None
        for step in range(max(0, now - DRIFT_STEPS), now + DRIFT_STEPS + 1):
            if hmac.compare_digest(code(known, step), digits) and step > last:
                found = step
        if found is None:
            return False
        self._last[who] = found
        return True
