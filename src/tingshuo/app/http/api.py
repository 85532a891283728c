"""The routes under ``/api``: speak into a file, speak as a stream of lines, fetch audio, list voices."""

import os
from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import FileResponse, Response

from tingshuo.app.http.bodies import MAX_BODY_BYTES, Body, SpeakBody, read_body
from tingshuo.app.http.lines import spoken_lines
from tingshuo.app.http.replies import (
    JSONReply,
    StreamReply,
    about,
    close_file,
    closing,
    encode_json,
    error_code,
    file_parts,
    is_sound_range,
    timing_header,
    unless_left,
)
from tingshuo.app.requests import make_request
from tingshuo.audio.formats import FORMATS
from tingshuo.errors import NotFoundError, TingshuoError, outcome
from tingshuo.serve.results import Results
from tingshuo.serve.service import Service
from tingshuo.serve.take import Order, Take
from tingshuo.serve.workers import Job
from tingshuo.store.bundle import Bundle
from tingshuo.store.consent import complaint, standing
from tingshuo.types import EMOTIONS, MAX_CHARACTERS, RANGES, SpeechRequest

router = APIRouter(prefix="/api", tags=["api"])


def json_body(model: type[Body], example: dict[str, Any]) -> dict[str, Any]:
    """Describe a body that the route reads itself."""
    content = {"application/json": {"schema": model.model_json_schema(), "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def the_service(request: Request) -> Service:
    """Return the state of the server that a request came to."""
    service: Service = request.app.state.service
    return service


EXAMPLE = {"text": "今天天气真好，我们去公园吧！", "emotion": "happy"}


@router.post("/tts", summary="Speak, and get the address of the finished audio", openapi_extra=json_body(SpeakBody, EXAMPLE))
async def speak(request: Request) -> Response:
    """Answers when the audio is finished: its address, length, the times of sentences, words and characters, and warnings.

    The same request again is answered at once (`cached` is true) while its audio is kept.
    """
    service = the_service(request)
    order = _order(service, await read_body(request, SpeakBody))
    await service.record(order)
    key = service.key(order)
    if (known := service.results.find(key)) is not None:
        service.metrics.cache.labels("hit").inc()
        body = known.body[:-1] + b',"cached":true}'  # the JSON is not read, which would be half of the work
        return Response(body, media_type="application/json", headers=kept_header(known.where))
    with about("text"):
        reply, headers = await unless_left(request, _join(service, order, key))
    return JSONReply(reply, headers=headers)


@router.post(
    "/tts/stream",
    summary="Speak, and get audio and times as they are made",
    openapi_extra=json_body(SpeakBody, EXAMPLE),
    responses={200: {"description": "Lines of JSON.", "content": {"application/x-ndjson": {}}}},
)
async def speak_stream(request: Request) -> Response:
    """Answers with lines of JSON: `start`, then `sentence` and `audio` (base64 of 16-bit samples) as they come, and `done`.

    An error before the first line has its HTTP status; one after it is a last line of type `error`.
    """
    service = the_service(request)
    order = _order(service, await read_body(request, SpeakBody))
    await service.record(order)
    key = service.key(order)
    take, result_id = service.take(order, live=True), service.results.new_id()
    job = service.workers.start(lambda: spoken_lines(take, service.results, result_id, key), take, live=True)
    async with closing(job.aclose):
        with about("text"):
            first = await anext(job)
    lines = _lines(first, job, service.results, take, result_id)
    return StreamReply(lines, job.aclose, "application/x-ndjson", timing_header(take.stream.stages, job.queued_s))


@router.get(
    "/audio/{id}",
    summary="Finished audio",
    responses={
        200: {"description": "The file; ranges are answered with 206.", "content": {"audio/*": {}}},
        404: {"description": "Never was, or is gone."},
    },
)
async def audio(request: Request, id: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The file that a reply's `audio_url` names. It never changes; it is kept for an hour at most."""
    result = await the_service(request).results.get(id)
    headers = {
        "etag": f'"{result.id}"',
        "cache-control": "private, max-age=3600, immutable",
        "content-disposition": f'inline; filename="tingshuo.{result.format}"',
    }
    if if_none_match is not None and (if_none_match.strip() == "*" or headers["etag"] in if_none_match):
        return Response(status_code=304, headers=headers)
    if is_sound_range(request.headers.get("range", "")):
        return FileResponse(result.path, media_type=result.media_type, headers=headers)
    try:
        file = result.path.open("rb")  # at once, as it may be swept away meanwhile
    except FileNotFoundError:
        raise NotFoundError("the audio of that id has just gone; ask for it again") from None
    headers |= {"content-length": str(os.fstat(file.fileno()).st_size), "accept-ranges": "bytes"}
    return StreamReply(file_parts(file), partial(close_file, file), result.media_type, headers)


@router.get("/voices", summary="What can be asked for")
async def voices(request: Request) -> Response:
    """Voices with their speakers, styles and licences, and the emotions, ranges, formats and limits that hold for all."""
    catalogue = the_service(request).voices.catalogue
    return JSONReply(
        {
            "voices": [describe(name, bundle) for name, bundle in catalogue.items()],
            "emotions": list(EMOTIONS),
            "ranges": {
                name: {"min": low, "max": high, "default": SpeechRequest.__dataclass_fields__[name].default, "unit": unit.strip()}
                for name, (low, high, unit) in RANGES.items()
            },
            "formats": list(FORMATS),
            "max_characters": MAX_CHARACTERS,
            "max_body_bytes": MAX_BODY_BYTES,
        }
    )


def describe(name: str, bundle: Bundle) -> dict[str, object]:
    """Return what a user wants to know about a voice."""
    manifest, today = bundle.manifest, date.today()
    complaints = [complaint(one, today) for one in standing(manifest, today) if not one.ok]
    return {
        "name": name,
        "version": manifest.version,
        "languages": list(manifest.languages),
        "speakers": [{"name": speaker.name, "gender": speaker.gender} for speaker in bundle.settings.speakers],
        "styles": [{"name": style.name, "description": style.description} for style in bundle.settings.styles],
        "emotions": list(manifest.emotions),
        "sample_rate": manifest.sample_rate,
        "licence": manifest.licence,
        "unavailable": complaints[0] if complaints else None,
    }


def kept_header(where: str) -> dict[str, str]:
    """Return the ``Server-Timing`` header of a reply that was kept, and where."""
    return {"server-timing": f'cache;desc="{where}"'}


def _order(service: Service, body: SpeakBody) -> Order:
    with about("text"):
        request = make_request(**body.controls())
    return service.order(body.voice, request, body.format, body.wish())


async def _join(service: Service, order: Order, key: str) -> tuple[dict[str, object], dict[str, str]]:
    """Wait for what another request has begun, or begin."""
    if key in service.flights:
        service.metrics.cache.labels("hit").inc()
    return await service.flights.join(key, lambda: _look_or_speak(service, order, key))


async def _look_or_speak(service: Service, order: Order, key: str) -> tuple[dict[str, object], dict[str, str]]:
    """Find out whether another process has the audio, or makes it now, and speak if not; returns the reply and its headers."""
    known = await service.results.look(key)
    if known is None:
        async with service.results.claimed(key) as known:
            if known is None:
                service.metrics.cache.labels("miss").inc()
                reply, headers = await _speak(service, order)
                return reply | {"cached": False}, headers
    service.metrics.cache.labels("hit").inc()
    return known.reply | {"cached": True}, kept_header(known.where)


async def _speak(service: Service, order: Order) -> tuple[dict[str, object], dict[str, str]]:
    """Speak into a file; returns the reply and its headers."""
    key = service.key(order)  # of the voices that speak, which others may have taken the place of meanwhile
    take, result_id = service.take(order), service.results.new_id()
    job = service.workers.start(lambda: take.recorded(service.results, result_id, key), take)
    try:
        async for _ in job:
            pass
    finally:
        await job.aclose()
    assert take.added is not None
    service.results.remember(take.added)
    return take.added.reply, timing_header(take.stream.stages, job.queued_s)


async def _lines(first: bytes, job: Job[bytes], results: Results, take: Take, result_id: str) -> AsyncIterator[bytes]:
    yield first
    try:
        async for lines in job:
            yield lines
        assert take.added is not None
        results.remember(take.added)
        yield encode_json({"type": "done", **take.summary(result_id)}) + b"\n"
    except TingshuoError as error:
        line = {"type": "error", "message": str(error), "status": outcome(error).status, "code": error_code(error)}
        yield encode_json(line) + b"\n"
