"""The routes under ``/v1``, in OpenAI's shapes, so that its client libraries speak with ours."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tingshuo.app.http.api import describe, json_body, kept_header, the_service
from tingshuo.app.http.bodies import OpenAISpeechBody, read_body
from tingshuo.app.http.instructions import follow
from tingshuo.app.http.replies import (
    JSONReply,
    StreamReply,
    about,
    close_file,
    closing,
    encode_json,
    error_body,
    file_parts,
    label_header,
    timing_header,
    warnings_header,
)
from tingshuo.app.http.transcriptions import MODELS as HEARING_MODELS
from tingshuo.app.requests import make_request
from tingshuo.audio.formats import media_type
from tingshuo.errors import NotFoundError, RequestError, TingshuoError
from tingshuo.serve.results import Results
from tingshuo.serve.service import Service
from tingshuo.serve.take import Order, Take
from tingshuo.serve.workers import Job
from tingshuo.types import SpeechRequest

MODELS = ("tingshuo", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Ours, and the names that programs written for OpenAI send; all mean the same."""
VOICES = ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse")
"""OpenAI's own voices, which programs written for it send. No voice here has that name: the default speaks, and that is said."""
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
STREAM_FORMATS = ("audio", "sse")

router = APIRouter(prefix="/v1", tags=["OpenAI"])


@router.post(
    "/audio/speech",
    summary="Speak, and get the bytes as they are made",
    openapi_extra=json_body(
        OpenAISpeechBody, {"model": "tingshuo", "voice": "default", "input": "你好，世界。", "response_format": "mp3"}
    ),
    responses={200: {"description": "Audio, or events.", "content": {"audio/*": {}, "text/event-stream": {}}}},
)
async def speech(request: Request) -> Response:
    """Answers when the first chunk is made, so that an error has its status; the rest follows as it is made.

    With `stream_format` sse: events `speech.audio.delta` (base64) and `speech.audio.done`.
    """
    service = the_service(request)
    body = await read_body(request, OpenAISpeechBody)
    order, remarks = _order(service, body)
    await service.record(order)
    key = service.key(order, "stream")
    known = await service.results.look(key)
    file = None if known is None else known.open()  # at once, as it may be swept away meanwhile
    service.metrics.cache.labels("miss" if file is None else "hit").inc()
    if known is not None and file is not None:
        warnings: Any = known.reply["warnings"]
        headers = warnings_header((*remarks, *warnings)) | label_header(order.label) | kept_header(known.where)
        parts: AsyncIterator[bytes] = file_parts(file)
        close: Callable[[], Awaitable[None]] = partial(close_file, file)
    else:
        key = service.key(order, "stream")  # of the voices that speak, which others may have taken the place of meanwhile
        take, result_id = service.take(order, live=True), service.results.new_id()
        job = service.workers.start(lambda: take.kept(service.results, result_id, key), take, live=True)
        async with closing(job.aclose):
            with about("input"):
                first = await anext(job)
        headers = timing_header(take.stream.stages, job.queued_s) | warnings_header((*remarks, *take.stream.warnings))
        headers |= label_header(order.label)
        parts = _parts(first, job, service.results, take)
        close = job.aclose
    if body.stream_format == "sse":
        return StreamReply(_events(parts, len(order.request.text)), close, "text/event-stream", headers)
    return StreamReply(parts, close, media_type(order.format), headers)


@router.get("/models", summary="Names for the field `model`")
async def models(request: Request) -> Response:
    """In OpenAI's shape: what speaks, and what hears; OpenAI's own names are accepted for programs that cannot be changed."""
    rows = [{"id": name, "object": "model", "created": 0, "owned_by": "tingshuo"} for name in _model_names(the_service(request))]
    return JSONReply({"object": "list", "data": rows})


@router.get("/models/{name}", summary="One model")
async def model(request: Request, name: str) -> Response:
    """In OpenAI's shape."""
    known = _model_names(the_service(request))
    if name not in known:
        raise NotFoundError(f"unknown model {name!r}; accepted: {', '.join(known)}")
    return JSONReply({"id": name, "object": "model", "created": 0, "owned_by": "tingshuo"})


@router.get("/audio/voices", summary="Names for the field `voice`")
async def voices(request: Request) -> Response:
    """As several open servers have it: a list of voices, each with its `id`; a voice of several speakers has one for each."""
    voices = the_service(request).voices
    rows = [{"id": id, **describe(name, voices.catalogue[name]), "speaker": who} for id, (name, who) in voices.ids.items()]
    return JSONReply({"voices": rows})


def _model_names(service: Service) -> tuple[str, ...]:
    """Return what speaks and what hears; OpenAI's names for the latter only where somebody hears by default."""
    listeners = service.listeners
    hearing = (*(HEARING_MODELS if listeners.default else ()), *listeners.catalogue)
    return tuple(dict.fromkeys((*MODELS, *hearing)))


def _order(service: Service, body: OpenAISpeechBody) -> tuple[Order, tuple[str, ...]]:
    _check_choice("response_format", body.response_format, FORMATS)
    _check_choice("stream_format", body.stream_format, STREAM_FORMATS)
    if body.model not in MODELS:
        raise NotFoundError(f"unknown model {body.model!r}; accepted: {', '.join(MODELS)}")
    fields = body.controls() | {"text": body.input}
    remarks: tuple[str, ...] = ()
    if body.instructions:
        emotion, remarks = follow(body.instructions, fixed="emotion" in body.model_fields_set)
        fields["emotion"] = emotion or fields["emotion"]
    voice = body.voice
    if voice in VOICES and voice not in service.voices.catalogue:
        remarks += (f"the voice {voice} is OpenAI's and not here; default speaks",)
        voice = "default"
    return service.order(voice, _request(fields), body.response_format, body.wish()), remarks


def _request(fields: dict[str, Any]) -> SpeechRequest:
    """Make the request; what it says about ``text`` is about ``input`` here."""
    try:
        with about("input"):
            return make_request(**fields)
    except RequestError as error:
        if error.param == "text":
            error.param = "input"
        raise


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RequestError(f"unknown {name} {value!r}; accepted: {', '.join(choices)}", name)


async def _parts(first: bytes, job: Job[bytes], results: Results, take: Take) -> AsyncIterator[bytes]:
    """Yield a stream as it is made, and keep it when it is whole."""
    yield first
    async for part in job:
        yield part
    if take.added is not None:
        results.remember(take.added)


async def _events(parts: AsyncIterator[bytes], characters: int) -> AsyncIterator[bytes]:
    try:
        async for part in parts:
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()})
        usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
        yield _event({"type": "speech.audio.done", "usage": usage})
    except TingshuoError as error:
        yield _event({"type": "error", **error_body(error)})


def _event(content: dict[str, object]) -> bytes:
    return b"data: " + encode_json(content) + b"\n\n"
