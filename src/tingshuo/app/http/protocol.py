"""HTTP/1.1 with an end to patience: a connection on which no request comes about is closed.

uvicorn closes a connection that is silent after a reply, but waits for ever for the head of a first request, or for the rest of
one; some hundred such connections would be all that a process may have.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
"""Within which the head of a request has to be there, from its first byte or from the connection on."""


class PatientProtocol(H11Protocol):
    """uvicorn's own, with a clock on the heads of requests."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, and not for ever."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Take what came; when that was not all of a head, the clock runs on."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._clock is None:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._clock = self.loop.call_later(HEAD_S, self._let_go)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _let_go(self) -> None:
        self._clock = None
        self.transport.close()
