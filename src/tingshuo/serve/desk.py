"""What the processes of a server count together: requests of a rate, guesses of a code, and codes that were used.

Each of them alone would let N times as many through, and a code N times.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from limits import RateLimitItem

from tingshuo.errors import RegistryError
from tingshuo.serve.access.limits import Limiter, Usage, parse_rates
from tingshuo.serve.access.totp import Codes
from tingshuo.serve.wire import WireError

WAIT_S = 0.25
"""How long a request may wait for the count, as for that of Redis; then its process counts alone."""
CODE_S = 2.0


class Asking(Protocol):
    """The way to the desk."""

    async def ask(self, what: str, timeout_s: float, **fields: Any) -> Any:
        """Return an answer."""
        ...


class Desk:
    """Where it is counted: in the parent of the processes."""

    def __init__(self) -> None:
        self._limiter, self._codes = Limiter(), Codes()

    async def answer(self, what: str, fields: dict[str, Any]) -> Any:
        """Answer what `SharedLimiter` and `SharedCodes` ask.

        Raises
        ------
        RegistryError
            It is something else.
        """
        match what:
            case "hit":
                rates = parse_rates(fields["rates"])
                usage = await self._limiter.hit(fields["who"], rates)
                return usage and [rates.index(usage.item), usage.allowed, usage.remaining, usage.reset_s]
            case "code":
                return self._codes.accept(fields["who"], fields["secret"], fields["given"])
        raise RegistryError(f"the parent of the server's processes does not know {what!r}")


class SharedLimiter(Limiter):
    """Counts requests at the desk; when that does not answer in time, in this process."""

    def __init__(self, desk: Asking) -> None:
        super().__init__()
        self._desk = desk

    async def hit(self, who: str, rates: Sequence[RateLimitItem]) -> Usage | None:
        """As `Limiter.hit`."""
        if not rates:
            return None
        texts = [f"{item.amount}/{item.multiples}{item.GRANULARITY.name}" for item in rates]
        try:
            place, allowed, remaining, reset_s = await self._desk.ask("hit", WAIT_S, who=who, rates=texts)
        except WireError:
            return await super().hit(who, rates)
        return Usage(rates[place], allowed, remaining, reset_s)


class SharedCodes(Codes):
    """Uses codes up at the desk; when that does not answer, no code is good."""

    def __init__(self, desk: Asking) -> None:
        super().__init__()
        self._desk = desk

    async def use(self, who: str, secret: str, given: str) -> bool:
        """As `Codes.use`."""
        try:
            return bool(await self._desk.ask("code", CODE_S, who=who, secret=secret, given=given))
        except WireError:
            return False
