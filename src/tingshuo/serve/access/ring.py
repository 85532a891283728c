"""The keys as a running server knows them: read again when the file changes, the last good ones when it is damaged."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from limits import RateLimitItem

from tingshuo.errors import ConfigError, UnauthorizedError
from tingshuo.serve.access.keys import Key, digest, fits, read_keys, split_token
from tingshuo.serve.access.limits import parse_rates
from tingshuo.serve.access.networks import Network, parse_networks

log = logging.getLogger("tingshuo.access")

_NOBODY = "00" * 16
"""The salt for keys that are not there, whose check costs the same."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key and what its texts mean."""

    key: Key
    rates: tuple[RateLimitItem, ...]
    networks: tuple[Network, ...]


def today() -> date:
    """Return the day, UTC."""
    return datetime.now(UTC).date()


class KeyRing:
    """The keys of a file.

    Parameters
    ----------
    path : Path
        The file, which `tingshuo.serve.access.keys` writes.
    today : callable
        The day, UTC, for the last day of keys.

    Attributes
    ----------
    problem : str or None
        Why the file cannot be read now, while older keys still count.

    Raises
    ------
    ConfigError
        It cannot be read at the start, when there are no older ones.
    """

    def __init__(self, path: Path, today: Callable[[], date] = today) -> None:
        self.path = path
        self.problem: str | None = None
        self._today = today
        self._seen = _signature(path)
        self._keys = _hold(read_keys(path))

    def find(self, token: str) -> Held:
        """Return the key that a token is.

        Raises
        ------
        UnauthorizedError
            It is none of the file's, was revoked, or its last day is over. The cost is one hash, whatever is wrong.
        """
        self.refresh()
        public, secret = split_token(token) or ("", "")
        held = self._keys.get(public)
        if held is None:
            digest(secret, _NOBODY)
        if held is None or not fits(held.key, secret):
            raise UnauthorizedError("the key is not one of this server's; ask its operator for one")
        problem = held.key.problem(self._today())
        if problem is not None:
            raise UnauthorizedError(f"{problem}; ask the server's operator for another")
        return held

    def named(self, public: str) -> Held | None:
        """Return the key of an id when it holds, for a browser that has shown the whole key before."""
        self.refresh()
        held = self._keys.get(public)
        return held if held is not None and held.key.problem(self._today()) is None else None

    def refresh(self) -> None:
        """Read the file again when it has changed; a damaged or missing one is said once, and the last good keys count on."""
        seen = _signature(self.path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._keys = _hold(read_keys(self.path))
        except ConfigError as error:
            self.problem = str(error)
            log.error("%s; the keys that were read before count on", error)
        else:
            if self.problem is not None:
                log.warning("%s: can be read again", self.path)
            self.problem = None


def _hold(keys: tuple[Key, ...]) -> Mapping[str, Held]:
    return {key.id: Held(key, parse_rates(key.rates), parse_networks(key.networks)) for key in keys}


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode
