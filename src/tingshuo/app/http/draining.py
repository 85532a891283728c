"""Stopping without dropping anybody: who has come is served, who has not yet is not taken in.

A connection that the system has accepted for us is one that a client believes in. So before the socket is closed, all that wait
are taken in; and a connection without a request under way stays for a moment longer, for a request may be on its way.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from tingshuo.app.http.protocol import PatientProtocol

LINGER_S = 0.5
"""How long a connection on which nothing is under way may still bring a request, once the server stops."""
PAUSE_S = 1.0
"""How long nobody is taken in when there are no more descriptors or memory."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_CLOSE = (b"connection", b"close")


class LeavingProtocol(PatientProtocol):
    """A connection that, asked to close, closes after the reply under way, or after one that is just about to be asked for."""

    _lingering: asyncio.TimerHandle | None = None
    _leaving = False

    def shutdown(self) -> None:
        """Close as soon as nothing is under way."""
        self._leaving = True
        if self._is_idle():
            self._lingering = self.loop.call_later(LINGER_S, self._leave)
        else:
            self._end_after_reply()

    def data_received(self, data: bytes) -> None:
        """Take a request; when the connection was to be closed, it is the last."""
        super().data_received(data)
        if self._leaving and not self._is_idle():
            self._end_after_reply()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._lingering is not None:
            self._lingering.cancel()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end_after_reply(self) -> None:
        """Answer as if the client had asked to close the connection; uvicorn writes the header then."""
        if _CLOSE not in self.headers:
            self.headers.append(_CLOSE)  # the list that the request's scope has
        self.cycle.keep_alive = False

    def _leave(self) -> None:
        if self._is_idle():
            self.transport.close()


class Door:
    """Takes connections in from a socket that listens, and that several processes may share.

    One at a time: asyncio's own server takes all that wait at once, so that of twenty who come together one process would serve
    them all and the others none.

    Parameters
    ----------
    listener : socket
        Listens; it is closed in the end.
    make : callable
        Makes the protocol of a connection.
    context : ssl.SSLContext or None
        For TLS.
    """

    def __init__(
        self, listener: socket.socket, make: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None
    ) -> None:
        self._listener, self._make, self._context = listener, make, context
        self._loop = asyncio.get_running_loop()
        self._greeting: set[asyncio.Task[None]] = set()
        self._closed = False
        listener.setblocking(False)
        self._open()

    async def close(self) -> None:
        """Take in all that wait, then nobody; when it returns, each of them has its protocol."""
        self._closed = True
        self._loop.remove_reader(self._listener)
        while self._accept():
            pass
        self._listener.close()
        await asyncio.gather(*self._greeting)

    def _open(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> bool:
        """Take one in; whether there was one."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError):  # another process was faster
            return False
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._loop.remove_reader(self._listener)
                self._loop.call_later(PAUSE_S, self._open)
                return False
            return True  # this one has left already
        connection.setblocking(False)
        task = self._loop.create_task(self._greet(connection))
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)
        return True

    async def _greet(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make, connection, ssl=self._context)
        except (OSError, TimeoutError):  # it left, or cannot speak TLS
            connection.close()
