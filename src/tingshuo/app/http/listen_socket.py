"""``WS /v1/audio/transcriptions/stream``: sound goes in as it is recorded, and what is said comes out while it is being said.

The client's messages are sound in binary messages and JSON: ``session.config`` (how to hear, before any sound), ``input.audio``
(sound as base64, for clients that cannot send bytes), ``input.done`` and ``input.cancel``. The server answers in JSON:
``session.ready``, ``transcript.started``, ``transcript.partial``, ``transcript.final``, ``transcript.done``,
``transcript.cancelled``, ``error``. One recording after another may be heard on a connection.
"""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import Field, ValidationError

from tingshuo.app.http.bodies import Body, explain, parse
from tingshuo.app.http.live_connection import FORMATS, LiveConnection, Wanted
from tingshuo.app.http.replies import error_body
from tingshuo.audio.vad import VadConfig
from tingshuo.errors import RequestError, TingshuoError
from tingshuo.serve.live import LiveHearing
from tingshuo.tasks.recognise.live import Began, Event, Live, Partial
from tingshuo.tasks.recognise.model import CHUNK_S
from tingshuo.tasks.recognise.transcribe import Listening, made_readable, read_hotwords
from tingshuo.tasks.recognise.transcript import DIGITS, segment_to_json

MESSAGES = ("session.config", "input.audio", "input.done", "input.cancel")
LONGEST_S = 60.0
"""Of an utterance: what is longer is heard too late, and takes memory."""

router = APIRouter(tags=["OpenAI"])


class ListenConfig(Body):
    """Fields of ``session.config``; those that are left out get their defaults again."""

    type: str
    model: str = Field("", description="A recogniser from GET /v1/models; OpenAI's names mean the default.")
    language: str = Field("", description="What is spoken, a code such as zh; the recogniser must know it.")
    sample_rate: int = Field(16000, description="Hz of the sound, one channel.")
    format: str = Field("pcm16", description=f"One of {', '.join(FORMATS)}, little-endian.")
    hotwords: str = Field("", description="Words that are likely to be said, with a bonus or without: 词,词:3.")
    beam: int = Field(10, description="How many texts are kept in the search, 1 to 100.")
    best: int = Field(1, description="How many texts of each utterance are told.")
    plain: bool = Field(False, description="As it was heard: no punctuation, numbers in words.")
    partials: bool = Field(True, description="Tell what was said so far while it is being said.")
    second_pass: bool = Field(True, description="Hear each utterance once more, as a whole, when it is over.")
    silence_s: float = Field(0.5, description="The quiet that ends an utterance, 0.2 to 10 seconds.")
    longest_s: float = Field(20.0, description=f"Where an utterance is cut, 1 to {LONGEST_S:g} seconds.")
    chunk_s: float = Field(CHUNK_S, description="Seconds that are heard at a time, 0.04 to 2.")

    def wanted(self) -> Wanted:
        """Return what is to be heard; errors are of the fields."""
        if not 0.2 <= self.silence_s <= 10:
            raise RequestError(f"silence_s must be 0.2 to 10 seconds, got {self.silence_s:g}", "silence_s")
        if not 1 <= self.longest_s <= LONGEST_S:
            raise RequestError(f"longest_s must be 1 to {LONGEST_S:g} seconds, got {self.longest_s:g}", "longest_s")
        pauses = VadConfig(silence_s=self.silence_s, padding_s=min(0.2, self.silence_s / 2), longest_s=self.longest_s)
        listening = Listening(
            beam=self.beam,
            best=self.best,
            hotwords=read_hotwords(self.hotwords),
            vad=pauses,
            finish=None if self.plain else made_readable,
            language=self.language or None,
        )
        live = Live(partials=self.partials, second_pass=self.second_pass, chunk_s=self.chunk_s)
        return Wanted(
            model=self.model,
            language=self.language or None,
            sample_rate=self.sample_rate,
            format=self.format,
            listening=listening,
            live=live,
        )


@router.websocket("/v1/audio/transcriptions/stream")
async def stream(socket: WebSocket) -> None:
    """Hear what comes until the client leaves."""
    await socket.accept()
    await Session(socket, socket.app.state.service).run()


class Session(LiveConnection):
    """One connection: what was configured, and the recording that is being heard."""

    _wanted = Wanted()
    _skipping = False
    """What is left of a recording that could not be heard is not the beginning of another."""

    async def on_text(self, text: str) -> None:
        """Take a message of JSON."""
        fields = parse(text.encode("utf-8", "surrogatepass"))
        kind = fields.get("type")
        if kind not in MESSAGES:
            raise RequestError(f"unknown type {kind!r:.60} of a message; accepted: {', '.join(MESSAGES)}", "type")
        match kind:
            case "session.config":
                await self._configure(fields)
            case "input.audio":
                await self.on_audio(_decoded(fields))
            case "input.done":
                await self._done()
            case "input.cancel":
                await self._cancel()

    async def on_audio(self, data: bytes) -> None:
        """Hear it; the first of a recording begins one."""
        if self._skipping:
            return
        if self._hearing is not None and self._hearing.is_over:
            await self.finished()  # the recording before
        if not self.is_hearing:
            try:
                await self.open(self._wanted)
            except TingshuoError:
                self._skipping = True
                raise
        try:
            await self.add(data)
        except TingshuoError:
            await self.stop()
            self._skipping = True
            raise

    async def on_event(self, event: Event) -> None:
        """Tell what was heard."""
        told: dict[str, Any]
        if isinstance(event, Began):
            told = {"type": "transcript.started", "utterance": event.utterance, "start_s": round(event.start_s, DIGITS)}
        elif isinstance(event, Partial):
            times = {"start_s": round(event.start_s, DIGITS), "end_s": round(event.end_s, DIGITS)}
            said = {"text": event.text, "stable": event.stable}
            told = {"type": "transcript.partial", "utterance": event.utterance, **times, **said}
        else:
            told = {"type": "transcript.final", "utterance": event.utterance, **segment_to_json(event.segment)}
        await self.send(told)

    async def on_done(self, hearing: LiveHearing) -> None:
        """Tell how much was heard."""
        told = {"duration_s": round(hearing.made_s, DIGITS), "utterances": hearing.utterances}
        await self.send({"type": "transcript.done", **told, "warnings": list(hearing.warnings)})

    async def on_error(self, error: TingshuoError) -> None:
        """Tell what is wrong; the connection goes on."""
        if self._hearing is not None and not self._hearing.is_over and self._hearing.has_ended:
            self._skipping = True
        await self.send({"type": "error", **error_body(error)})

    async def _configure(self, fields: dict[str, Any]) -> None:
        if self.is_hearing:
            raise RequestError("a recording is being heard; send input.done or input.cancel before session.config", "type")
        try:
            config = ListenConfig.model_validate(fields)
        except ValidationError as error:
            raise explain(error.errors(include_url=False)[0], ListenConfig) from error
        wanted = config.wanted()
        name = await self.check(wanted)
        self._wanted, self._skipping = wanted, False
        sound = {"sample_rate": wanted.sample_rate, "format": wanted.format}
        known = self._service.listeners.languages(name)
        language = wanted.language or (known[0] if len(known) == 1 else None)
        await self.send({"type": "session.ready", "model": name, "language": language, **sound})

    async def _done(self) -> None:
        if self._skipping:
            self._skipping = False
            return
        if not self.is_hearing:
            raise RequestError("there is no recording that could be done; send sound first", "type")
        self.over()

    async def _cancel(self) -> None:
        self._skipping = False
        made_s = 0.0 if self._hearing is None else self._hearing.made_s
        await self.stop()
        await self.send({"type": "transcript.cancelled", "duration_s": round(made_s, DIGITS)})


def _decoded(fields: dict[str, Any]) -> bytes:
    """Return the bytes of ``input.audio``."""
    audio = fields.get("audio")
    if not isinstance(audio, str):
        raise RequestError(f"field 'audio' of input.audio must be a string of base64, got {audio!r:.60}", "audio")
    try:
        return base64.b64decode(audio, validate=True)
    except binascii.Error as error:
        raise RequestError(f"field 'audio' of input.audio is no base64: {error}", "audio") from error
