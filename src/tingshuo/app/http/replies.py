"""What goes back: JSON, error bodies in OpenAI's shape, and streams whose headers wait for the first chunk."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import IO, Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tingshuo.errors import BusyError, TextError, TingshuoError, outcome
from tingshuo.tasks.labelled import Label
from tingshuo.types import Stages

SEND_TIMEOUT_S = 60.0
"""A client that takes nothing for so long has left without a word."""
WARNINGS_HEADER = "Tingshuo-Warnings"
LABEL_HEADER = "Tingshuo-Label"
_SERVER_ERROR = 500
_PART_BYTES = 1 << 18

ERROR_REPLY: dict[str, Any] = {
    "description": "An error, in OpenAI's shape: a sentence for people, the field at fault, a code for programs.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["message", "type", "param", "code"],
                        "properties": {
                            "message": {"type": "string"},
                            "type": {"type": "string"},
                            "param": {"type": ["string", "null"]},
                            "code": {"type": "string"},
                        },
                    }
                },
            }
        }
    },
}
"""Every other reply of a route, as the API's description has it."""

log = logging.getLogger("tingshuo.http")
T = TypeVar("T")


class JSONReply(Response):
    """A JSON body in UTF-8; lone surrogates, which errors may quote, are escaped."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode."""
        return encode_json(content)


class StreamReply(Response):
    """A body that is sent as it is made.

    Parameters
    ----------
    parts : AsyncIterator of bytes
        The first should be at hand, so that nothing can go wrong before the headers.
    close : callable
        Called once, whatever happens: the client left, does not read, or all was sent.
    """

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        close: Callable[[], Awaitable[None]],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self._parts, self._close = parts, close
        self.init_headers({"cache-control": "no-store", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end or until the client leaves."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._close()
        error = None if sending.cancelled() else sending.exception()
        if isinstance(error, TingshuoError | TimeoutError):
            # The status is sent; the one honest sign left is a body without its end, which the server makes of our return.
            log.error("a reply was broken off: %s", str(error) or "the client took nothing")
        elif error is not None:
            raise error

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for part in self._parts:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def file_parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield a file of finished audio; read here, as the disk has it in memory and a thread for each part would take longer."""
    while part := file.read(_PART_BYTES):
        yield part


async def close_file(file: IO[bytes]) -> None:
    """Close it."""
    file.close()


async def unless_left(request: Request, work: Awaitable[T]) -> T:
    """Return what some work gives; it is called off when the client leaves.

    Raises
    ------
    ClientDisconnect
        It has left.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def encode_json(content: object) -> bytes:
    """Encode compactly; a lone surrogate becomes its escape, NaN is a bug."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def is_sound_range(header: str) -> bool:
    """Whether a Range header is one to follow; any other is to be ignored (RFC 9110, section 14.2)."""
    unit, _, ranges = header.partition("=")
    bounds = [re.fullmatch(r"\s*(\d{0,18})-(\d{0,18})\s*", part) for part in ranges.split(",")]
    return unit.strip().lower() == "bytes" and all(
        b and (b[1] or b[2]) and not (b[1] and b[2] and int(b[1]) > int(b[2])) for b in bounds
    )


@contextlib.contextmanager
def about(field: str) -> Iterator[None]:
    """Let errors in a request's text say in which field of the request it came."""
    try:
        yield
    except TextError as error:
        error.param = field
        raise


def timing_header(stages: Stages, queued_s: float) -> dict[str, str]:
    """Return the ``Server-Timing`` header: milliseconds in the queue and per stage."""
    parts = {
        "queue": 1000 * queued_s,
        "text": stages.text_ms,
        "speaker": stages.speaker_ms,
        "acoustic": stages.acoustic_ms,
        "vocoder": stages.vocoder_ms,
    }
    timed = ", ".join(f"{name};dur={ms:.1f}" for name, ms in (parts | {"ttfb": stages.ttfb_ms}).items())
    return {"server-timing": timed}


def warnings_header(warnings: tuple[str, ...]) -> dict[str, str]:
    """Return the header that carries warnings beside audio: sentences joined by "; ", percent-encoded where not ASCII."""
    if not warnings:
        return {}
    return {WARNINGS_HEADER.lower(): quote("; ".join(warnings), safe=" ;,.:'()!?/=-_<>[]")}


def label_header(label: Label | None) -> dict[str, str]:
    """Return the header that says how audio is labelled: form and position; ``none`` is the field alone, ``bare`` nothing."""
    if label is None:
        return {LABEL_HEADER.lower(): "bare"}
    heard = label.settings
    return {LABEL_HEADER.lower(): f"{heard.form}; position={heard.position}" if heard else "none"}


def error_body(error: TingshuoError) -> dict[str, object]:
    """Return OpenAI's error body: message, type, param, code."""
    status = outcome(error).status
    return {
        "error": {
            "message": str(error),
            "type": "server_error" if status >= _SERVER_ERROR else "invalid_request_error",
            "param": error.param,
            "code": error_code(error),
        }
    }


def error_code(error: TingshuoError) -> str:
    """Return the code of an error, its class in snake case: ``UnknownVoiceError`` is ``unknown_voice``."""
    name = type(error).__name__.removesuffix("Error") or "error"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def reply_to_error(error: TingshuoError) -> JSONReply:
    """Return the reply to an error raised on purpose."""
    headers = {"retry-after": f"{error.retry_after_s:.0f}"} if isinstance(error, BusyError) else None
    return JSONReply(error_body(error), outcome(error).status, headers)


async def on_tingshuo_error(_: Request, error: Exception) -> Response:
    """Exception handler of `TingshuoError`."""
    assert isinstance(error, TingshuoError)
    if outcome(error).status == _SERVER_ERROR:
        log.error("%s: %s", type(error).__name__, error)
    return reply_to_error(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler of the router's own errors: unknown path, wrong method."""
    assert isinstance(error, HTTPException)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if "allow" in headers:
        headers["allow"] = headers["allow"].replace("GET", "GET, HEAD")
    message = {
        404: f"there is nothing at {request.url.path}; GET /docs lists the routes",
        405: f"{request.url.path} does not take {request.method}; accepted: {headers.get('allow')}",
    }.get(error.status_code, str(error.detail))
    code = str(error.detail).lower().replace(" ", "_")
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return JSONReply(body, error.status_code, headers)


async def on_disconnect(_: Request, __: Exception) -> Response:
    """Exception handler of a client that left: nobody reads this."""
    return Response(status_code=499)


async def on_bug(_: Request, __: Exception) -> Response:
    """Exception handler of everything else; the server logs the traceback and closes the connection, which is said."""
    message = "an error inside the server; its log has the details"
    body = {"error": {"message": message, "type": "server_error", "param": None, "code": "internal"}}
    return JSONReply(body, _SERVER_ERROR, {"connection": "close"})


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    TingshuoError: on_tingshuo_error,
    HTTPException: on_http_exception,
    ClientDisconnect: on_disconnect,
    Exception: on_bug,
}


@contextlib.asynccontextmanager
async def closing(close: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call ``close`` when the block fails; when it succeeds, the reply has taken over."""
    try:
        yield
    except BaseException:
        await close()
        raise
