"""``POST /v1/audio/transcriptions``, in OpenAI's shape: recording -> file -> segments, at the end or as they come."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tingshuo.app.http.api import the_service
from tingshuo.app.http.forms import FILE, read_form
from tingshuo.app.http.replies import StreamReply, closing, encode_json, error_body, unless_left, warnings_header
from tingshuo.app.http.uploads import Upload, Uploads
from tingshuo.errors import NotFoundError, RequestError, TingshuoError
from tingshuo.serve.hearing import Hearing
from tingshuo.serve.service import Service
from tingshuo.serve.workers import Job
from tingshuo.tasks.recognise.transcribe import Listening, made_readable, read_hotwords
from tingshuo.tasks.recognise.transcript import FORMATS, Segment, Transcript, segment_to_json, to_verbose_json

MODELS = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "tingshuo")
"""Names that programs written for OpenAI send, and ours; all mean the default recogniser."""
GRANULARITIES = ("segment", "word")
STREAMED = ("json", "text")
"""Formats that go with ``stream``, whose events carry text alone."""
MEDIA_TYPES = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}
"""Others are JSON."""

router = APIRouter(prefix="/v1/audio", tags=["OpenAI"])


class TranscriptionForm(BaseModel):
    """Fields of ``POST /v1/audio/transcriptions`` beside the file; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field("", description="A recogniser from GET /v1/models; OpenAI's names mean the default.")
    language: str = Field("", description="What is spoken, a code such as zh; the recogniser must know it.")
    prompt: str = Field("", description="Accepted and not used, which is said in the warnings; hotwords does what it is for.")
    response_format: str = Field("json", description=f"One of {', '.join(FORMATS)}.")
    temperature: float = Field(0.0, ge=0, le=1, description="Accepted and without effect: nothing is drawn at random.")
    timestamp_granularities: list[str] = Field(
        ["segment"], alias="timestamp_granularities[]", description="segment, word or both; of verbose_json alone."
    )
    chunking_strategy: str = Field("auto", description="auto alone: every recording is cut where somebody pauses.")
    stream: bool = Field(False, description="Answer with events, a segment each, as they are heard.")
    hotwords: str = Field("", description="Words that are likely to be said, with a bonus or without: 词,词:3.")
    beam: int = Field(10, description="How many texts are kept in the search, 1 to 100.")
    best: int = Field(1, description="How many texts of each segment are told, in json.")
    enhance: str = Field("none", description="none, highpass (rumble goes) or denoise (steady noise too).")
    plain: bool = Field(False, description="As it was heard: no punctuation, numbers in words.")


def _form_body() -> dict[str, Any]:
    """Describe the form, which the route reads itself."""
    schema = TranscriptionForm.model_json_schema()
    schema["properties"] = {FILE: {"type": "string", "format": "binary", "description": "The recording."}} | schema["properties"]
    schema["required"] = [FILE]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


_ANSWERS: dict[str, Any] = {media_type: {} for media_type in ("application/json", *MEDIA_TYPES.values(), "text/event-stream")}


@router.post(
    "/transcriptions",
    summary="Write down what is said in a recording",
    openapi_extra=_form_body(),
    responses={200: {"description": "The text, in the format asked for.", "content": _ANSWERS}},
)
async def transcriptions(request: Request) -> Response:
    """Answers when all is heard, or, with `stream`, with events: `transcript.text.delta` for each segment and `.done`.

    An error before the first event has its HTTP status; one after it is a last event of type `error`.
    """
    service = the_service(request)
    if not service.listeners.catalogue:
        service.listeners.check(None)
    service.workers.check_room()  # before a hundred megabytes have come
    form, upload = await read_form(request, TranscriptionForm, the_uploads(request))
    async with closing(upload.close):
        hearing, remarks = await _hearing(service, form, upload)
        job = service.workers.start(hearing.segments, hearing, task="hear")
        close = partial(_close, job, upload)
        async with closing(job.aclose):
            first = await unless_left(request, _next_segment(job))
            if not form.stream:
                await unless_left(request, _drain(job))
    if form.stream:
        return StreamReply(_events(first, job, hearing), close, "text/event-stream", warnings_header(remarks))
    await close()
    return _reply(hearing.transcript, form, remarks, job)


@router.post("/translations", include_in_schema=False)
async def translations() -> Response:
    """There is no translation here, and a sentence says so."""
    raise NotFoundError(
        "nothing is translated here; POST /v1/audio/transcriptions writes down what is said in the language that is spoken"
    )


def the_uploads(request: Request) -> Uploads:
    """Return the recordings of the server that a request came to."""
    uploads: Uploads = request.app.state.uploads
    return uploads


async def _hearing(service: Service, form: TranscriptionForm, upload: Upload) -> tuple[Hearing, tuple[str, ...]]:
    """Check what is asked for, and return it with what is to be said about it."""
    _check_choices(form)
    listeners = service.listeners
    is_default = form.model in ("", *MODELS) and form.model not in listeners.catalogue
    name = listeners.check(None if is_default else form.model)
    language = listeners.choose(name, form.language or None)
    known = listeners.languages(name)
    listening = Listening(
        beam=form.beam,
        best=form.best,
        hotwords=read_hotwords(form.hotwords),
        enhance=form.enhance,  # type: ignore[arg-type]  # it is checked there
        finish=None if form.plain else made_readable,
        language=form.language or (known[0] if len(known) == 1 else None),
    )
    remarks: tuple[str, ...] = ()
    if form.prompt.strip():
        remarks += ("prompt is not used; name words that are likely to be said in hotwords",)
    if form.temperature:
        remarks += ("temperature has no effect; nothing is drawn at random",)
    recogniser = await listeners.opened(name, language)
    return await asyncio.to_thread(Hearing, upload.path, upload.name, recogniser, listening), remarks


def _check_choices(form: TranscriptionForm) -> None:
    if form.response_format not in FORMATS:
        raise RequestError(
            f"unknown response_format {form.response_format[:40]!r}; accepted: {', '.join(FORMATS)}", "response_format"
        )
    if form.chunking_strategy != "auto":
        raise RequestError("chunking_strategy must be auto: every recording is cut where somebody pauses", "chunking_strategy")
    if form.stream and form.response_format not in STREAMED:
        raise RequestError(f"stream goes with response_format {' or '.join(STREAMED)} alone", "stream")
    field = "timestamp_granularities[]"
    wrong = [one for one in form.timestamp_granularities if one not in GRANULARITIES]
    if wrong:
        raise RequestError(f"unknown granularity {wrong[0][:40]!r}; accepted: {', '.join(GRANULARITIES)}", field)
    if "word" in form.timestamp_granularities and form.response_format != "verbose_json":
        raise RequestError("the times of words are told in response_format verbose_json, or in json without asking", field)
    if form.best > 1 and (form.response_format != "json" or form.stream):
        raise RequestError("other texts (best) are told in response_format json alone, without stream", "best")


async def _next_segment(job: Job[Segment | None]) -> Segment | None:
    """Return the next segment; None at the end."""
    async for segment in job:
        if segment is not None:
            return segment
    return None


async def _drain(job: Job[Segment | None]) -> None:
    async for _ in job:
        pass


async def _close(job: Job[Segment | None], upload: Upload) -> None:
    """End the work, then remove the file that it reads."""
    try:
        await job.aclose()
    finally:
        await upload.close()


def _reply(transcript: Transcript, form: TranscriptionForm, remarks: tuple[str, ...], job: Job[Segment | None]) -> Response:
    wanted = form.response_format
    timing = f"queue;dur={1000 * job.queued_s:.1f}, hear;dur={1000 * job.work_s:.1f}"
    headers = {"server-timing": timing, "cache-control": "no-store"} | warnings_header((*remarks, *transcript.warnings))
    if wanted == "verbose_json":
        told = to_verbose_json(transcript)
        left_out = {f"{one}s" for one in GRANULARITIES if one not in form.timestamp_granularities}
        content = encode_json({key: value for key, value in told.items() if key not in left_out})
    else:
        content = transcript.write(wanted).encode()
    return Response(content, media_type=MEDIA_TYPES.get(wanted, "application/json"), headers=headers)


async def _events(first: Segment | None, job: Job[Segment | None], hearing: Hearing) -> AsyncIterator[bytes]:
    """Yield the events of OpenAI's stream; all deltas together are the text of the last event."""
    before: tuple[Segment, ...] = ()
    try:
        segment = first
        while segment is not None:
            both = Transcript((*before, segment), 0.0).text
            delta = both.removeprefix(Transcript(before, 0.0).text)
            yield _event({"type": "transcript.text.delta", "delta": delta, "segment": segment_to_json(segment)})
            before, segment = (segment,), await _next_segment(job)
        transcript = hearing.transcript
        usage = {"type": "duration", "seconds": round(transcript.duration_s, 3)}
        done: dict[str, object] = {"type": "transcript.text.done", "text": transcript.text, "usage": usage}
        yield _event(done | ({"warnings": list(transcript.warnings)} if transcript.warnings else {}))
    except TingshuoError as error:
        yield _event({"type": "error", **error_body(error)})


def _event(content: dict[str, object]) -> bytes:
    return b"data: " + encode_json(content) + b"\n\n"
