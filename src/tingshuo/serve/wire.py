"""Questions and answers between two processes, both ways over one socket: a JSON object a line.

``{"id": 1, "ask": "numbers", "with": {...}}`` is answered with ``{"id": 1, "reply": ...}`` or ``{"id": 1, "error": "..."}``; what
is only told has no id. Both ends are processes of one server, so nothing here is checked as what strangers send would be.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from tingshuo.errors import RegistryError, TingshuoError

log = logging.getLogger("tingshuo.http")

MAX_LINE_BYTES = 64 << 20
Answer = Callable[[str, dict[str, Any]], Awaitable[Any]]


class WireError(TingshuoError):
    """The other process is gone or does not answer in time."""


def line_of(message: dict[str, Any]) -> bytes:
    """Return a message as it goes over the wire."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


class Wire:
    """One end.

    Parameters
    ----------
    answer : callable
        Coroutine function of what is asked or told and its fields; its `TingshuoError` goes back to who asked.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._writer: asyncio.StreamWriter | None = None
        self._early: list[bytes] = []
        """What was said before the wire was open."""
        self._closed = False

    async def run(self, end: socket.socket) -> None:
        """Listen until the other end is closed."""
        reader, self._writer = await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)
        self._writer.writelines(self._early)
        self._early.clear()
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError) as error:  # broken off in the middle of a line: its process has ended there
            log.debug("a process of the server was cut off: %s", error)
        finally:
            self.close()

    def close(self) -> None:
        """Close; who still waits for an answer gets an error."""
        self._closed = True
        if self._writer is not None:
            self._writer.close()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(WireError("the other process of this server has ended; try again"))
        for task in self._answering:
            task.cancel()

    def tell(self, what: str, **fields: Any) -> None:
        """Say something that needs no answer; when nobody listens any more, nothing happens."""
        self._send({"ask": what, "with": fields})

    async def ask(self, what: str, timeout_s: float, **fields: Any) -> Any:
        """Return the answer to a question.

        Raises
        ------
        RegistryError
            The other process refused, with its sentence.
        WireError
            It is gone, or does not answer in time.
        """
        number = next(self._ids)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            if self._closed:
                raise WireError("the other process of this server is not there; try again")
            self._send({"id": number, "ask": what, "with": fields})
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise WireError(f"another process of this server did not answer within {timeout_s:g} s; try again") from None
        finally:
            del self._asked[number]

    def _send(self, message: dict[str, Any]) -> None:
        if self._writer is None:
            self._early.append(line_of(message))
        elif not self._writer.is_closing():
            self._writer.write(line_of(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "ask" in message:
            task = asyncio.ensure_future(self._reply(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            return
        future = self._asked.get(message["id"])
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(RegistryError(message["error"]))
        else:
            future.set_result(message["reply"])

    async def _reply(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        try:
            reply = {"id": number, "reply": await self._answer(message["ask"], message["with"])}
        except TingshuoError as error:
            reply = {"id": number, "error": str(error)}
        except Exception as error:
            log.exception("a process of the server could not answer: %s", message["ask"])
            reply = {"id": number, "error": f"an error inside the server: {type(error).__name__}; its log has the details"}
        if number is not None:
            self._send(reply)
