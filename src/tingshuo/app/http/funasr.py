"""``WS /funasr``: the messages of FunASR's runtime, for clients that were written for it.

The client says ``{"mode": "2pass", "wav_name": …, "audio_fs": 16000, "hotwords": …, "itn": true, "is_speaking": true}``, sends
samples of 16 bits in binary messages, and ends with ``{"is_speaking": false}``. The server tells what is being said as
``2pass-online``, each time what is new, to be put behind what was told before; and what was said as ``2pass-offline``, in the
place of all that. In the mode ``online`` there is what is new alone, in ``offline`` one text in the end. The last message has
``is_final`` and ``is_end``.

Facts: ``runtime/docs/websocket_protocol.md``, ``runtime/websocket`` and ``runtime/python/websocket`` of
https://github.com/modelscope/FunASR.
"""

import json
from math import isnan
from typing import Any

from fastapi import APIRouter, WebSocket

from tingshuo.app.http.bodies import parse
from tingshuo.app.http.live_connection import LiveConnection, Wanted
from tingshuo.errors import RequestError, TingshuoError
from tingshuo.serve.live import LiveHearing
from tingshuo.serve.service import Service
from tingshuo.tasks.recognise.hotwords import WEIGHT
from tingshuo.tasks.recognise.live import Event, Final, Live, Partial
from tingshuo.tasks.recognise.transcribe import GREATEST_BONUS, Listening, made_readable
from tingshuo.tasks.recognise.transcript import Segment, Transcript

MODES = ("2pass", "online", "offline")
HOTWORD = 20.0
"""The weight that FunASR's examples give a hotword; here it is worth `WEIGHT`."""
_MARKS = "，。？！、；："
_UNSUPPORTED = 1003

router = APIRouter(tags=["FunASR"])


@router.websocket("/funasr")
async def funasr(socket: WebSocket) -> None:
    """Hear what comes until the client leaves."""
    await accept(socket)
    await FunasrSession(socket, socket.app.state.service).run()


async def accept(socket: WebSocket) -> None:
    """Accept a connection, with the protocol that FunASR's clients offer."""
    await socket.accept("binary" if "binary" in socket.scope.get("subprotocols", []) else None)


class FunasrSession(LiveConnection):
    """One connection: what was said of the recording, and what was told of the utterance."""

    _mode, _name = "2pass", "microphone"
    _wanted = Wanted()

    def __init__(self, socket: WebSocket, service: Service) -> None:
        super().__init__(socket, service)
        self._shown = ""
        self._kept: list[Segment] = []

    async def on_text(self, text: str) -> None:
        """Take what is said of the recording, or that it is over."""
        fields = parse(text.encode("utf-8", "surrogatepass"))
        self._name = str(fields.get("wav_name", self._name))[:200]
        if fields.get("is_speaking") is False or fields.get("is_finished") is True:
            if not self.is_hearing:
                await self._begin()  # to say in order that nothing was said
            self.over()
        elif not self.is_hearing:
            self._mode = _one_of(fields, "mode", self._mode)
            self._wanted = _wanted(fields, self._mode)
            await self.check(self._wanted)

    async def on_audio(self, data: bytes) -> None:
        """Hear it."""
        if self._hearing is not None and self._hearing.is_over:
            await self.finished()
        if not self.is_hearing:
            await self._begin()
        await self.add(data)

    async def on_event(self, event: Event) -> None:
        """Tell what was heard."""
        if isinstance(event, Partial):
            # What replaces it later may be told before it is sure; what nothing replaces may not.
            text = event.text if self._mode == "2pass" else event.text[: event.stable]
            await self._append(text)
        elif isinstance(event, Final):
            segment = event.segment
            if self._mode == "online":
                await self._append(segment.text)
            elif self._mode == "offline":
                self._kept.append(segment)
            elif segment.text or self._shown:
                await self._told("2pass-offline", segment.text, **_stamps([segment]))
            self._shown = ""

    async def on_done(self, hearing: LiveHearing) -> None:
        """Tell all, in the mode that has not told anything yet, and that this was all."""
        if self._mode == "offline":
            await self._told("offline", Transcript(tuple(self._kept), 0.0).text, **_stamps(self._kept))
        mode = "2pass-offline" if self._mode == "2pass" else self._mode
        await self._told(mode, "", is_final=True, is_end=True)

    async def on_error(self, error: TingshuoError) -> None:
        """Tell what is wrong, as far as the messages have a place for it, and leave."""
        await self._told(self._mode, "", is_final=True, is_end=True, error=str(error))
        await self.close(_UNSUPPORTED, str(error))

    async def _begin(self) -> None:
        self._kept, self._shown = [], ""
        await self.open(self._wanted)

    async def _append(self, text: str) -> None:
        """Tell what is new in a text; what was told before stays as it was."""
        if len(text) > len(self._shown):
            new, self._shown = text[len(self._shown) :], text
            await self._told("2pass-online" if self._mode == "2pass" else "online", new)

    async def _told(self, mode: str, text: str, *, is_final: bool = False, **more: Any) -> None:
        await self.send({"mode": mode, "wav_name": self._name, "text": text, "is_final": is_final, **more})


def _wanted(fields: dict[str, Any], mode: str) -> Wanted:
    """Return what is to be heard; what FunASR knows besides, such as ``chunk_size``, changes nothing here."""
    kind, rate = str(fields.get("wav_format", "pcm")).lower(), fields.get("audio_fs", 16000)
    if kind != "pcm":
        raise RequestError(f"wav_format must be pcm, got {kind[:40]!r}; POST /v1/audio/transcriptions takes files", "wav_format")
    if not isinstance(rate, int) or isinstance(rate, bool):
        raise RequestError(f"audio_fs must be a whole number of Hz, got {rate!r:.40}", "audio_fs")
    language = str(fields.get("svs_lang", "auto"))
    listening = Listening(
        hotwords=_hotwords(fields),
        finish=None if fields.get("itn") is False or mode == "online" else made_readable,
        language=None if language == "auto" else language,
    )
    live = Live(partials=mode != "offline", second_pass=mode != "online")
    return Wanted(language=listening.language, sample_rate=rate, listening=listening, live=live)


def _hotwords(fields: dict[str, Any]) -> dict[str, float]:
    """Return the words of ``hotwords``: a JSON object of words and weights as a string, or words apart by blanks or commas."""
    told = fields.get("hotwords") or fields.get("hotword") or ""
    if not isinstance(told, str):
        raise RequestError(f"hotwords must be a string, got {told!r:.60}", "hotwords")
    try:
        weights = json.loads(told)
    except ValueError:
        weights = None
    if not isinstance(weights, dict):
        return dict.fromkeys(told.replace(",", " ").replace("，", " ").split(), WEIGHT)
    wrong = [word for word, weight in weights.items() if not _is_weight(weight)]
    if wrong:
        raise RequestError(f"the weight of hotword {wrong[0][:40]!r} must be a number", "hotwords")
    return {word: max(-GREATEST_BONUS, min(GREATEST_BONUS, WEIGHT * w / HOTWORD)) for word, w in weights.items() if word.strip()}


def _is_weight(weight: object) -> bool:
    return isinstance(weight, int | float) and not isinstance(weight, bool) and not isnan(weight)


def _one_of(fields: dict[str, Any], name: str, otherwise: str) -> str:
    value = fields.get(name, otherwise)
    if value not in MODES:
        raise RequestError(f"unknown {name} {value!r:.40}; accepted: {', '.join(MODES)}", name)
    return str(value)


def _stamps(segments: list[Segment]) -> dict[str, Any]:
    """Return the times of words, as a string, and of sentences; milliseconds. Nothing where no times are known."""
    if not any(segment.words for segment in segments):
        return {}
    sentences: list[dict[str, Any]] = []
    for segment in segments:
        times = [[round(1000 * word.start_s), round(1000 * word.end_s)] for word in segment.words]
        words, mark = " ".join(word.text for word in segment.words), segment.text[-1:]
        punc = mark if mark in _MARKS else ""
        begin, end = round(1000 * segment.start_s), round(1000 * segment.end_s)
        sentences.append({"text_seg": words, "punc": punc, "start": begin, "end": end, "ts_list": times})
    return {"timestamp": json.dumps([pair for one in sentences for pair in one["ts_list"]]), "stamp_sents": sentences}
