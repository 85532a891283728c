"""What a browser shows instead of a key, which it must not keep: a token that ends by itself, and with the server.

``ID.PURPOSE.EXPIRES.MAC``: no list of them is kept. The secret of the MAC is new at each start of a server, and the same for
all of its processes; the key of the id has to hold still at each request.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

BROWSER, ADMIN = "browser", "admin"
LIVES_S = {BROWSER: 12 * 3600, ADMIN: 600}
"""Seconds: a browser that has shown its key, and a key of an administrator whose second factor was right."""
_PERSON = b"tingshuo-session"
_MAX_CHARACTERS = 200


class Sessions:
    """Makes and reads tokens.

    Parameters
    ----------
    clock : callable
        Seconds since 1970.
    secret : bytes or None
        32 random bytes, the same for all processes of a server; None is new ones.
    """

    def __init__(self, clock: Callable[[], float] = time.time, secret: bytes | None = None) -> None:
        self.clock = clock
        self._secret = secret or secrets.token_bytes(32)

    def issue(self, key: str, purpose: str) -> str:
        """Return a token for the id of a key."""
        body = f"{key}.{purpose}.{int(self.clock()) + LIVES_S[purpose]}"
        return f"{body}.{self._mac(body)}"

    def read(self, token: str, purpose: str) -> str | None:
        """Return the id of the key that a token stands for; None when it is none of ours, for something else, or over."""
        if len(token) > _MAX_CHARACTERS or not token.isascii():
            return None
        body, _, mac = token.rpartition(".")
        if not hmac.compare_digest(self._mac(body), mac):
            return None
        key, meant, expires = body.split(".")
        left_s = int(expires) - self.clock()
        return key if meant == purpose and 0 < left_s <= LIVES_S[purpose] else None

    def _mac(self, body: str) -> str:
        return hashlib.blake2b(body.encode(), key=self._secret, digest_size=32, person=_PERSON).hexdigest()
