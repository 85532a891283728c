"""A web socket on which somebody is heard live, whatever its messages look like: reading, hearing, patience, and an end in order.

A message is taken while less than `tingshuo.serve.live.BUFFER_S` wait to be heard; then the connection is not read on, and a
client that sends faster than it is heard has to wait. When the server stops, or a client says nothing for a long time, what was
said is heard to its end and told before the connection is closed.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from tingshuo.app.http.replies import SEND_TIMEOUT_S, encode_json
from tingshuo.app.http.transcriptions import MODELS
from tingshuo.errors import BusyError, RequestError, TingshuoError, TooLargeError
from tingshuo.serve.access.calling import CALLER
from tingshuo.serve.live import LiveHearing
from tingshuo.serve.service import Service
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.live import Event, Live, check_rate
from tingshuo.tasks.recognise.transcribe import Listening
from tingshuo.types import Wav

IDLE_S = 120.0
"""A client that says nothing for so long has left without a word."""
GLANCE_S = 0.25
"""How often a connection on which nothing comes looks whether the server stops."""
MESSAGE_BYTES = 1_000_000
"""Of one message: half a minute of sound in one piece is no stream."""
FORMATS = {"pcm16": ("<i2", 32768.0), "f32": ("<f4", 1.0)}
"""How samples are written, little-endian, and what full scale is."""
MOST_HOTWORDS = 1000
_GOING_AWAY = 1001
_REASON_BYTES = 120
"""A little less than a closing frame has room for (RFC 6455, section 5.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be heard, and how."""

    model: str = ""
    """A recogniser, or nothing for the server's own."""
    language: str | None = None
    sample_rate: int = 16000
    format: str = "pcm16"
    listening: Listening = field(default_factory=Listening)
    live: Live = field(default_factory=Live)

    def __post_init__(self) -> None:
        """Check format, rate, and how much is expected."""
        check_rate(self.sample_rate)
        if len(self.listening.hotwords) > MOST_HOTWORDS:
            raise RequestError(f"hotwords are {MOST_HOTWORDS} at most, got {len(self.listening.hotwords)}", "hotwords")
        if self.format not in FORMATS:
            raise RequestError(f"unknown format {self.format[:40]!r}; accepted: {', '.join(FORMATS)}", "format")


class Samples:
    """Makes samples of bytes, wherever a message ends.

    Parameters
    ----------
    format : str
        One of `FORMATS`.
    """

    def __init__(self, format: str) -> None:
        self._type, self._scale = FORMATS[format]
        self._rest = b""

    def feed(self, data: bytes) -> Wav:
        """Go on by bytes, any number; return the samples that are whole."""
        data = self._rest + data
        whole = len(data) // np.dtype(self._type).itemsize * np.dtype(self._type).itemsize
        self._rest = data[whole:]
        wav: Wav = np.frombuffer(data[:whole], self._type).astype(np.float32) / np.float32(self._scale)
        return wav


def content(message: MutableMapping[str, Any]) -> str | bytes:
    """Return what a message of a socket holds; raises `WebSocketDisconnect` where that is the end."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    data: bytes | None = message.get("bytes")
    return str(message.get("text") or "") if data is None else data


class _LeavingError(Exception):
    """The connection is to be ended in order."""


class LiveConnection(ABC):
    """One connection; a subclass knows what its messages mean.

    Parameters
    ----------
    socket : WebSocket
        Accepted.
    service : Service
        Whose recognisers and threads are used.
    """

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket, self._service = socket, service
        self._hearing: LiveHearing | None = None
        self._samples = Samples("pcm16")
        self._telling: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    @abstractmethod
    async def on_text(self, text: str) -> None:
        """Take a message of text; a `TingshuoError` of it goes to `on_error`."""

    @abstractmethod
    async def on_audio(self, data: bytes) -> None:
        """Take a message of bytes; likewise."""

    @abstractmethod
    async def on_event(self, event: Event) -> None:
        """Tell what was heard."""

    @abstractmethod
    async def on_done(self, hearing: LiveHearing) -> None:
        """Tell that all that was said has been heard."""

    @abstractmethod
    async def on_error(self, error: TingshuoError) -> None:
        """Tell what is wrong."""

    @property
    def is_hearing(self) -> bool:
        """Whether somebody is being heard, or what he said last still is."""
        return self._hearing is not None

    async def run(self, first: str | bytes | None = None) -> None:
        """Listen until the client leaves; what is heard then is stopped. ``first`` is a message that has been taken already."""
        reason = "the client left"
        try:
            if first is not None:
                await self._take(first)
            while True:
                await self._take(await self._message())
        except _LeavingError as leave:
            reason = str(leave)
            await self._end()
        except WebSocketDisconnect:
            pass
        finally:
            await self.stop()
        await self.close(_GOING_AWAY, reason)

    async def check(self, wanted: Wanted) -> str:
        """Return the name of the recogniser that is wanted, opened; errors as of `open`, and of what it cannot do."""
        name, recogniser = await self._recogniser(wanted)
        if wanted.listening.hotwords:
            await asyncio.to_thread(recogniser.expect, wanted.listening.hotwords)
        return name

    async def open(self, wanted: Wanted) -> None:
        """Begin to hear somebody; the recogniser is opened if it has to be.

        Raises
        ------
        UnknownVoiceError
            No such recogniser.
        RequestError
            It does not know the language.
        BusyError
            The server is stopping.
        """
        if self._service.stopping:
            raise BusyError("the server is stopping; try again when it is back")
        _, recogniser = await self._recogniser(wanted)
        self._samples = Samples(wanted.format)
        self._hearing = LiveHearing(self._service, recogniser, wanted.sample_rate, wanted.listening, wanted.live)
        self._telling = asyncio.create_task(self._tell(self._hearing))

    async def add(self, data: bytes) -> None:
        """Hear bytes, or wait until there is room for them."""
        if len(data) > MESSAGE_BYTES:
            raise TooLargeError(f"a message of audio has {MESSAGE_BYTES} bytes at most, got {len(data)}", "audio")
        if (hearing := self._hearing) is None:
            return
        hearing.add(self._samples.feed(data))
        await hearing.room()

    def over(self, *, drop: bool = False) -> None:
        """Nothing more comes; what was said is heard to its end, unless what still waits is to be dropped."""
        if self._hearing is not None:
            self._hearing.over(drop=drop)

    async def finished(self) -> None:
        """Wait until all that was said is heard and told."""
        if self._telling is not None:
            await asyncio.wait({self._telling})

    async def stop(self) -> None:
        """Hear no more, and tell nothing of it."""
        telling, self._telling, self._hearing = self._telling, None, None
        if telling is not None:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, if it is open."""
        self._leaving.set()
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it has left meanwhile
                await self._socket.close(code, reason.encode("ascii", "replace").decode()[:_REASON_BYTES])

    async def send(self, message: dict[str, Any]) -> None:
        """Send JSON; a client that takes nothing for a long time is cut off, so that nobody waits for it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_text(encode_json(message).decode())
        except TimeoutError:
            self._leaving.set()
            raise WebSocketDisconnect(_GOING_AWAY) from None
        except RuntimeError as error:  # how the socket says that the other end has left
            raise WebSocketDisconnect(_GOING_AWAY) from error

    async def _recogniser(self, wanted: Wanted) -> tuple[str, Hears]:
        if (caller := CALLER.get()) is not None:
            caller.look_again()  # a connection may be older than the end of its key
        listeners = self._service.listeners
        is_default = wanted.model in ("", *MODELS) and wanted.model not in listeners.catalogue
        name = listeners.check(None if is_default else wanted.model)
        return name, await listeners.opened(name, listeners.choose(name, wanted.language))

    async def _message(self) -> str | bytes:
        """Return the next message; waits longer while what was said is still being heard."""
        clock = asyncio.get_running_loop().time
        receiving, leaving = asyncio.ensure_future(self._socket.receive()), asyncio.ensure_future(self._leaving.wait())
        until = clock() + IDLE_S
        try:
            while True:
                await asyncio.wait({receiving, leaving}, timeout=GLANCE_S, return_when=asyncio.FIRST_COMPLETED)
                if self._hearing is not None and self._hearing.is_over:
                    until = clock() + IDLE_S
                if self._service.stopping:  # though he speak on
                    raise _LeavingError("the server is stopping")
                if receiving.done():
                    return content(receiving.result())
                if leaving.done():
                    raise _LeavingError("the client left")
                if clock() > until:
                    raise _LeavingError("nothing was said for a long time")
        finally:
            receiving.cancel()
            leaving.cancel()

    async def _take(self, message: str | bytes) -> None:
        try:
            await (self.on_text(message) if isinstance(message, str) else self.on_audio(message))
        except TingshuoError as error:
            await self.on_error(error)

    async def _end(self) -> None:
        """Hear to its end what was said."""
        self.over()
        await self.finished()

    async def _tell(self, hearing: LiveHearing) -> None:
        """Tell what is heard until it is over."""
        failure: TingshuoError | None = None
        try:
            async with contextlib.aclosing(hearing.events()) as heard:
                async for events in heard:
                    for event in events:
                        await self.on_event(event)
        except TingshuoError as error:
            failure = error
        except WebSocketDisconnect:
            self._leaving.set()
            return
        with contextlib.suppress(WebSocketDisconnect):
            if failure is not None:
                await self.on_error(failure)
            else:
                await self.on_done(hearing)
        if self._hearing is hearing:
            self._hearing = self._telling = None
