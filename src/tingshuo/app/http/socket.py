"""``WS /v1/audio/speech/stream``: text comes in pieces, as a language model writes it, and audio goes out as it is made.

The client's messages are JSON: ``session.config`` (the fields of a request, before a text), ``input.text``, ``input.done`` and
``input.cancel``. The server answers in JSON (``session.ready``, ``audio.start``, ``audio.sentence``, ``audio.done``,
``audio.cancelled``, ``error``) and in binary messages, which are the audio. One text after another may be spoken on a connection.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import Field, ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from tingshuo.app.http.bodies import SpeechFields, explain, parse
from tingshuo.app.http.replies import SEND_TIMEOUT_S, encode_json, error_body
from tingshuo.app.requests import make_request
from tingshuo.errors import RequestError, TingshuoError
from tingshuo.serve.service import Service
from tingshuo.serve.take import Order
from tingshuo.serve.talk import Talk
from tingshuo.types import AudioChunk

IDLE_S = 300.0
"""A client that says nothing for so long, while nothing is spoken, has left without a word."""
MESSAGES = ("session.config", "input.text", "input.done", "input.cancel")
_GOING_AWAY = 1001

router = APIRouter(tags=["OpenAI"])


class SessionConfig(SpeechFields):
    """Fields of ``session.config``; those that are left out get their defaults again."""

    type: str
    voice: str = Field("default", description="A name from GET /v1/audio/voices.")
    response_format: str = Field("pcm", description="pcm (16 bits), wav, mp3, opus, flac or aac.")


@router.websocket("/v1/audio/speech/stream")
async def stream(socket: WebSocket) -> None:
    """Speak what comes until the client leaves."""
    await socket.accept()
    await Session(socket, socket.app.state.service).run()


class Session:
    """One connection: what was configured, and the text that is being spoken."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._config = SessionConfig.model_validate({"type": "session.config"})
        self._talk: Talk | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._skipping = False
        """What is left of a text that could not be spoken is not the beginning of another."""

    async def run(self) -> None:
        """Listen until the client leaves; what is spoken then is stopped."""
        try:
            while True:
                await self._hear(await self._message())
        except (WebSocketDisconnect, TimeoutError):
            pass
        finally:
            await self._stop()
            if self._socket.application_state is WebSocketState.CONNECTED:
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it has left meanwhile
                    await self._socket.close(_GOING_AWAY, "nothing was said for a long time")

    async def _message(self) -> bytes:
        """Return the next message; waits longer while something is spoken."""
        receiving = asyncio.ensure_future(self._socket.receive())
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            while not receiving.done():
                await asyncio.wait({receiving, leaving}, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done() and (leaving.done() or self._speaking is None):
                    raise TimeoutError
            message = receiving.result()
        finally:
            receiving.cancel()
            leaving.cancel()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        return message.get("bytes") or (message.get("text") or "").encode("utf-8", "surrogatepass")

    async def _hear(self, message: bytes) -> None:
        try:
            fields = parse(message)
            kind = fields.get("type")
            if kind not in MESSAGES:
                raise RequestError(f"unknown type {kind!r:.60} of a message; accepted: {', '.join(MESSAGES)}", "type")
            match kind:
                case "session.config":
                    await self._configure(fields)
                case "input.text":
                    self._add(fields)
                case "input.done":
                    self._done()
                case "input.cancel":
                    await self._cancel()
        except TingshuoError as error:
            await self._send({"type": "error", **error_body(error)})

    async def _configure(self, fields: dict[str, Any]) -> None:
        if self._talk is not None:
            raise RequestError("a text is being spoken; send input.done or input.cancel before session.config", "type")
        try:
            config = SessionConfig.model_validate(fields)
        except ValidationError as error:
            raise explain(error.errors(include_url=False)[0], SessionConfig) from error
        order = self._order(config)
        self._config = config
        label = order.label and order.label.describe()
        await self._send({"type": "session.ready", "voice": order.voice, "format": order.format, "label": label})

    def _order(self, config: SessionConfig) -> Order:
        request = make_request(text="", **config.controls())
        return self._service.order(config.voice, request, config.response_format, config.wish())

    def _add(self, fields: dict[str, Any]) -> None:
        text = fields.get("text")
        if not isinstance(text, str):
            raise RequestError(f"field 'text' of input.text must be a string, got {text!r:.60}", "text")
        make_request(text=text)  # which refuses what is no text
        if self._skipping:
            return
        if self._talk is None:
            self._talk = Talk(self._service, self._order(self._config))
            self._speaking = asyncio.create_task(self._speak(self._talk))
        self._talk.add(text)

    def _done(self) -> None:
        if self._skipping:
            self._skipping = False
            return
        if self._talk is None:
            raise RequestError("there is no text that could be done; send input.text first", "type")
        self._talk.over()

    async def _cancel(self) -> None:
        self._skipping = False
        made_s = 0.0 if self._talk is None else self._talk.made_s
        stopping = asyncio.create_task(self._stop())
        await self._send({"type": "audio.cancelled", "duration_s": round(made_s, 4)})
        await stopping

    async def _stop(self) -> None:
        speaking, self._speaking, self._talk = self._speaking, None, None
        if speaking is not None:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)

    async def _speak(self, talk: Talk) -> None:
        """Send what is spoken of a text until it is over."""
        try:
            await self._service.record(talk.order)
            async with contextlib.aclosing(talk.steps()) as steps:
                async for chunk, data in steps:
                    if chunk is not None:
                        await self._announce(talk, chunk)
                    if data:
                        await self._patiently(self._socket.send_bytes(data))
            done = {"duration_s": round(talk.made_s, 4), "characters": talk.characters, "stages": asdict(talk.stages)}
            last: dict[str, Any] = {"type": "audio.done", **done, "warnings": list(talk.warnings), "label": talk.label}
        except TingshuoError as error:
            last = {"type": "error", **error_body(error)}
            self._skipping = not talk.is_over
        if self._talk is talk:
            self._talk = self._speaking = None
            await self._send(last)

    async def _announce(self, talk: Talk, chunk: AudioChunk) -> None:
        if chunk.start_samples == 0:
            start = {"format": talk.order.format, "sample_rate": chunk.sample_rate}
            await self._send({"type": "audio.start", **start, "voice": talk.order.voice, "speaker": talk.speaker})
        if chunk.sentence is not None:
            await self._send({"type": "audio.sentence", **asdict(chunk.sentence)})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._patiently(self._socket.send_text(encode_json(message).decode()))

    async def _patiently(self, sending: Awaitable[None]) -> None:
        """Send; a client that takes nothing for a long time is cut off, so that nobody waits for it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await sending
        except TimeoutError:
            self._leaving.set()
            raise WebSocketDisconnect(_GOING_AWAY) from None
        except RuntimeError as error:  # how the socket says that the other end has left
            raise WebSocketDisconnect(_GOING_AWAY) from error
