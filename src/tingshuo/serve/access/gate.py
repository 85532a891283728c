"""One question for each request: who is it, and may they? In this order: network, key, verb, second factor, how often.

Without keys everybody may do what there is, as at home, except what is below ``/admin``.
"""

import asyncio
import contextlib
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from limits import RateLimitItem

from tingshuo.errors import AccessError, RateLimitError, UnauthorizedError
from tingshuo.serve.access.audit import AuditLog
from tingshuo.serve.access.limits import Limiter, Slots, Usage, Windows, parse_rates
from tingshuo.serve.access.networks import Address, Network, client_address, limited_as, within
from tingshuo.serve.access.ring import Held, KeyRing
from tingshuo.serve.access.scopes import EVERY, allows_verb, allows_voice, verb_of
from tingshuo.serve.access.sessions import ADMIN, BROWSER, Sessions
from tingshuo.serve.access.totp import Codes

SESSION_COOKIE = "tingshuo_session"
CODE_HEADER, SECOND_KEY_HEADER, ADMIN_SESSION_HEADER = "x-totp", "x-admin-key", "x-admin-session"
GUESSES = 5
"""Codes of a key that may be tried in a minute: six digits can be guessed when nobody counts."""
REFUSED_LINES = 600
"""Lines of the record in a minute for requests without a good key, so that nobody can wash the others out of it."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request before its body is read; names of headers are in lower case."""

    method: str
    path: str
    peer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str | None:
        """The key that it shows, as ``Authorization: Bearer`` or ``x-api-key``."""
        scheme, _, rest = self.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() == "bearer" and rest.strip():
            return rest.strip()
        return self.headers.get("x-api-key", "").strip() or None


@dataclass(slots=True)
class Caller:
    """Who asks, for what, and what became known of it on the way; ``notes`` go into the record."""

    address: Address | None
    request_id: str
    verb: str
    held: Held | None = None
    ring: KeyRing | None = None
    usage: Usage | None = None
    admin_session: str | None = None
    characters: int = 0
    audio_s: float = 0.0
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def counted_as(self) -> str:
        """Under what its requests are counted."""
        return f"address:{limited_as(self.address)}" if self.held is None else f"key:{self.held.key.id}"

    def look_again(self) -> None:
        """See the key as it is by now, for who asks more than once, as by a socket.

        Raises
        ------
        UnauthorizedError
            It no longer holds.
        """
        if self.held is None or self.ring is None:
            return
        now = self.ring.named(self.held.key.id)
        if now is None:
            raise UnauthorizedError(f"the key {self.held.key.id} no longer holds; ask the server's operator for another")
        self.held = now

    def wants(self, voice: str, characters: int) -> None:
        """Note for the record what it asked for, never the text; a socket asks more than once."""
        self.notes["voice"] = voice
        self.characters += characters
        self.notes["characters"] = self.characters

    def heard(self, audio_s: float) -> None:
        """Note for the record how many seconds of audio were made for it."""
        self.audio_s += audio_s
        self.notes["audio_s"] = round(self.audio_s, 3)

    def may_use(self, voice: str, speaker: str, *, cloned: bool) -> bool:
        """Whether it may let a speaker of a voice speak; on a server without keys everybody may."""
        return self.held is None or allows_voice(self.held.key.voices, voice, speaker, cloned=cloned)


class Gate:
    """Lets requests in.

    Parameters
    ----------
    ring : KeyRing or None
        The keys; None for a server that asks for none.
    rates : sequence of RateLimitItem
        For keys without rates of their own and, where no keys are asked for, for each address.
    concurrency : int or None
        Requests at the same time, likewise.
    networks : sequence of networks
        Where requests may come from; empty is anywhere.
    trusted : sequence of networks
        Of proxies whose X-Forwarded-For is believed.
    limiter : Limiter or None
        Counts requests; None in memory.
    audit : AuditLog or None
        The record.
    clock : callable
        Seconds since 1970, for codes and sessions.
    """

    def __init__(
        self,
        ring: KeyRing | None = None,
        *,
        rates: Sequence[RateLimitItem] = (),
        concurrency: int | None = None,
        networks: Sequence[Network] = (),
        trusted: Sequence[Network] = (),
        limiter: Limiter | None = None,
        audit: AuditLog | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.ring, self.audit, self.trusted = ring, audit, tuple(trusted)
        self.sessions, self.slots, self.limiter = Sessions(clock), Slots(), limiter or Limiter()
        self._rates, self._concurrency, self._networks = tuple(rates), concurrency, tuple(networks)
        self._codes = Codes(clock)
        self._guesses, self._lines = Limiter(), Windows()
        self._left_out = 0

    def share(self, secret: bytes, limiter: Limiter, guesses: Limiter, codes: Codes) -> None:
        """Be one of several processes of a server: know the sessions of all, and count with the others.

        Parameters
        ----------
        secret : bytes
            Of sessions.
        limiter, guesses : Limiter
            Count requests, and guesses of a second factor.
        codes : Codes
            Uses codes up.
        """
        self.sessions = Sessions(self.sessions.clock, secret)
        self.limiter, self._guesses, self._codes = limiter, guesses, codes

    def meet(self, asked: Asked) -> Caller:
        """Return who asks, by address alone."""
        given = asked.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        address = client_address(asked.peer, asked.headers.get("x-forwarded-for", ""), self.trusted)
        return Caller(address, request_id, verb_of(asked.method, asked.path))

    def check_network(self, caller: Caller) -> None:
        """Let an address in.

        Raises
        ------
        AccessError
            It is not in the server's list.
        """
        if self._networks and not within(caller.address, self._networks):
            raise AccessError(f"requests from {caller.address or 'an unknown address'} are not accepted here")

    def identify(self, caller: Caller, asked: Asked, cookie: str = "") -> None:
        """Find the key of a request, and whether it may be used from there; raises UnauthorizedError and AccessError."""
        self.check_network(caller)
        if self.ring is not None:
            held = self._find(self.ring, asked, cookie)
            _check_key_network(held, caller.address)
            caller.held, caller.ring = held, self.ring

    async def admit(self, caller: Caller, asked: Asked, cookie: str = "") -> None:
        """Let a request in; ``caller`` knows its key then, and what is left of its rates.

        Parameters
        ----------
        caller : Caller
            From `meet`.
        asked : Asked
            The request.
        cookie : str
            The session of a browser that sends no key, where the request is from our own page.

        Raises
        ------
        UnauthorizedError
            No key, a wrong one, or a second factor is missing or wrong.
        AccessError
            The key is not for this verb, or not for use from there.
        RateLimitError
            Too many requests; ``caller.usage`` has the figures.
        BusyError
            Requests must be recorded and cannot be.
        """
        self.identify(caller, asked, cookie)
        _check_verb(caller)
        if caller.verb == "admin":
            await self._check_second_factor(caller, asked)
        if self.audit is not None:
            self.audit.check()
        own = () if caller.held is None else caller.held.rates
        caller.usage = await self.limiter.hit(caller.counted_as, own or self._rates)
        if caller.usage is not None and not caller.usage.allowed:
            raise caller.usage.error()

    def slot(self, caller: Caller) -> contextlib.AbstractContextManager[None]:
        """Hold one of the caller's places while a request is under way; raises RateLimitError when all are taken."""
        own = None if caller.held is None else caller.held.key.concurrency
        return self.slots.hold(caller.counted_as, own or self._concurrency)

    async def record(self, caller: Caller, status: int) -> None:
        """Have a request recorded."""
        if self.audit is None:
            return
        if caller.held is None and self.ring is not None:
            if not await self._lines.acquire_entry("refused", REFUSED_LINES, 60):
                self._left_out += 1
                return
            if self._left_out:
                caller.notes["left_out"], self._left_out = self._left_out, 0
        self.audit.record(
            {
                "request": caller.request_id,
                "key": None if caller.held is None else caller.held.key.id,
                "address": None if caller.address is None else str(caller.address),
                "verb": caller.verb if caller.verb != EVERY else "other",
                "status": status,
                **caller.notes,
            }
        )

    async def aclose(self) -> None:
        """Write what is left of the record, and close the connections to Redis."""
        if self.audit is not None:
            await asyncio.to_thread(self.audit.close)
        await self.limiter.aclose()

    def _find(self, ring: KeyRing, asked: Asked, cookie: str) -> Held:
        if asked.token is not None:
            return ring.find(asked.token)
        session = self.sessions.read(cookie, BROWSER) if cookie else None
        held = None if session is None else ring.named(session)
        if held is None:
            raise UnauthorizedError("this server asks for a key: send the header Authorization: Bearer ts_...")
        return held

    async def _check_second_factor(self, caller: Caller, asked: Asked) -> None:
        if self.ring is None or caller.held is None:
            raise AccessError("/admin is closed on a server without keys; make one with: tingshuo keys add NAME --admin")
        if asked.token is None:
            raise UnauthorizedError("/admin asks for the key itself: send the header Authorization: Bearer ts_...")
        key = caller.held.key
        if self.sessions.read(asked.headers.get(ADMIN_SESSION_HEADER, ""), ADMIN) == key.id:
            return
        if second := asked.headers.get(SECOND_KEY_HEADER):
            other = self.ring.find(second.strip())
            if other.key.id == key.id or not allows_verb(other.key.verbs, "admin"):
                raise AccessError(f"{SECOND_KEY_HEADER} must be another key with the verb admin")
            _check_key_network(other, caller.address)
        else:
            await self._check_code(caller.held, asked.headers.get(CODE_HEADER, ""))
        caller.admin_session = self.sessions.issue(key.id, ADMIN)

    async def _check_code(self, held: Held, given: str) -> None:
        key = held.key
        if not given:
            ways = f"{CODE_HEADER} (six digits) or {SECOND_KEY_HEADER} (another admin key)"
            raise UnauthorizedError(f"/admin asks for a second factor: send the header {ways}")
        usage = await self._guesses.hit(key.id, parse_rates((f"{GUESSES}/minute",)))
        if usage is not None and not usage.allowed:
            raise RateLimitError(f"{GUESSES} codes were tried in a minute; wait before the next", math.ceil(usage.reset_s))
        if key.totp is None:
            raise UnauthorizedError(f"the key {key.id} has no code of its own; send {SECOND_KEY_HEADER}, another admin key")
        if not await self._codes.use(key.id, key.totp, given):
            raise UnauthorizedError("the code is wrong, too old, or was used before; wait for the next one")


def _check_verb(caller: Caller) -> None:
    if caller.held is None:
        return
    key = caller.held.key
    if not allows_verb(key.verbs, caller.verb):
        what = "this path" if caller.verb == EVERY else f"the verb {caller.verb}"
        raise AccessError(f"the key {key.id} is not for {what}; it is for: {', '.join(key.verbs)}")


def _check_key_network(held: Held, address: Address | None) -> None:
    if held.networks and not within(address, held.networks):
        raise AccessError(f"the key {held.key.id} may not be used from {address or 'an unknown address'}")
