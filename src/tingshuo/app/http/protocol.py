"""HTTP/1.1 with an end to patience: a connection on which no request comes about, or whose reply nobody takes, is closed.

uvicorn closes a connection that is silent after a reply, but waits for ever for the head of a first request, for the rest of
one, for a body that no route reads, and for a client that takes nothing of what it asked for; some hundred such connections
would be all that a process may have.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tingshuo.app.http.replies import SEND_TIMEOUT_S

HEAD_S = 20.0
"""Within which the head of a request has to be there, from its first byte or from the connection on; after a reply, also what
is left of a body that nobody wanted."""
TAKE_S = SEND_TIMEOUT_S
"""Within which a client has to take what was sent, when that is more than lies in the connection."""


class _Taken:
    """Of a protocol: a clock on what is sent. Who does not take it is cut off, as closing in order would wait for that."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _taking: asyncio.TimerHandle | None = None

    def start_taking(self, of: object = None) -> None:
        """Start the clock; ``of`` is the reply that is to be taken."""
        self.stop_taking()
        self._taking = self.loop.call_later(TAKE_S, self._give_up, of)

    def stop_taking(self) -> None:
        """Stop it."""
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def is_sending(self, of: object) -> bool:
        """Whether that reply is still the last."""
        return True

    def _give_up(self, of: object) -> None:
        self._taking = None
        if self.is_sending(of) and self.transport.get_write_buffer_size():
            self.transport.abort()


class PatientProtocol(_Taken, H11Protocol):
    """uvicorn's own, with a clock on the heads of requests and one on what is sent."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, and not for ever."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Take what came; when that was not all of a head, the clock runs on."""
        super().data_received(data)
        replied = self.conn.our_state in (h11.DONE, h11.MUST_CLOSE)
        if self.conn.their_state is not h11.IDLE and not replied:
            self._stop()
        elif self._clock is None:
            self._start()

    def pause_writing(self) -> None:
        """Wait until the client takes what there is, and not for ever."""
        super().pause_writing()
        self.start_taking(self.cycle)

    def resume_writing(self) -> None:
        """Go on; what is left of a whole reply still has its time."""
        super().resume_writing()
        if self.cycle is None or not self.cycle.response_complete:
            self.stop_taking()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the end of this reply to be taken."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self.start_taking(self.cycle)

    def is_sending(self, of: object) -> bool:
        """Whether no other request came since."""
        return self.cycle is of

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; where a reply has begun already there is nothing left to say, and it is not made any more."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over to a protocol that is as patient."""
        self.ws_protocol_class = PatientSocket
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop()
        self.stop_taking()
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


class PatientSocket(_Taken, WebSocketsSansIOProtocol):
    """uvicorn's own for web sockets, with a clock on what is sent."""

    def pause_writing(self) -> None:
        """Wait until the client takes what there is, and not for ever."""
        super().pause_writing()
        self.start_taking()

    def resume_writing(self) -> None:
        """Go on; what is left after the end still has its time."""
        super().resume_writing()
        if not self.close_sent:
            self.stop_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self.stop_taking()
        super().connection_lost(exc)
