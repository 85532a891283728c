"""Request bodies: size and media type are checked before anything is read, then every field has its sentence."""

import asyncio
import json
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from tingshuo.errors import MediaTypeError, RequestError, TextError, TooLargeError, TooSlowError
from tingshuo.serve.labels import Wish
from tingshuo.types import EMOTIONS, MAX_CHARACTERS, SpeechRequest

MAX_BODY_BYTES = 10 * MAX_CHARACTERS
"""Room for the longest text with every character escaped (six bytes), and for the other fields."""

BODY_S = 30.0
"""Within which a body has to be there."""

_JSON_TYPES = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}

B = TypeVar("B", bound=BaseModel)


class Body(BaseModel):
    """Unknown fields are errors; ranges are checked by `tingshuo.types.SpeechRequest`, for all doors alike."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SpeechFields(Body):
    """What every speaking route accepts."""

    emotion: str = Field("neutral", description=f"One of {', '.join(EMOTIONS)}.")
    strength: float = Field(1.0, description="Strength of the emotion, 0 (neutral) to 1.5.")
    speed: float = Field(1.0, description="0.5 to 2.")
    pitch: float = Field(0.0, description="-12 to 12 semitones.")
    volume: float = Field(0.0, description="-20 to 20 dB.")
    style: str | None = Field(None, description="Whose rhythm and melody, a style of the voice; its first by default.")
    speaker: str | None = Field(None, description="Whose timbre, a speaker of the voice; its first by default.")
    seed: int = Field(0, description="Fixes the vocoder's noise: the same request gives the same bytes.")
    label: str | None = Field(None, description="rhythm, speech, or none under an agreement; the server's by default.")
    label_position: str | None = Field(None, description="start, middle or end; the server's by default.")
    agreement: str = Field("", description="The id under which nothing of the label is heard; each use is recorded.")

    def controls(self) -> dict[str, Any]:
        """Return the fields of a `SpeechRequest`."""
        return self.model_dump(include=set(SpeechRequest.__dataclass_fields__))

    def wish(self) -> Wish:
        """Return what is said of the label."""
        return Wish(self.label, self.label_position, self.agreement)


class SpeakBody(SpeechFields):
    """Body of ``POST /api/tts`` and ``POST /api/tts/stream``."""

    text: str = Field(description=f"Text, or SSML when it starts with <speak; at most {MAX_CHARACTERS} characters.")
    voice: str = Field("default", description="A name from GET /api/voices, or name/speaker.")
    format: str = Field("wav", description="Of the finished file: wav, flac, mp3, ogg, opus, m4a, aac or pcm.")


class OpenAISpeechBody(SpeechFields):
    """Body of ``POST /v1/audio/speech``: OpenAI's fields and ours."""

    input: str = Field(description=f"Text, or SSML when it starts with <speak; at most {MAX_CHARACTERS} characters.")
    model: str = Field("tingshuo", description="A name from GET /v1/models.")
    voice: str = Field("default", description="A name from GET /v1/audio/voices.")
    response_format: str = Field("mp3", description="mp3, opus, aac, flac, wav or pcm.")
    instructions: str | None = Field(
        None, description="Words that name an emotion choose it; whatever else they say is refused in the warnings header."
    )
    stream_format: str = Field("audio", description="audio (the bytes as they are made) or sse (events).")


async def read_body(request: Request, model: type[B]) -> B:
    """Read and check a JSON body.

    Raises
    ------
    MediaTypeError
        It is not declared as JSON in UTF-8.
    TooLargeError
        It is longer than `MAX_BODY_BYTES`, declared or found.
    TooSlowError
        It does not come.
    RequestError
        It is not a JSON object, a field is unknown, missing or of the wrong type.
    TextError
        A string has half a character (a lone surrogate).
    """
    check_media_type(request.headers.get("content-type", ""))
    try:
        fields = parse(await _read(request))
    except TooLargeError as error:
        error.param = "input" if "input" in model.model_fields else "text"
        raise
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise explain(error.errors(include_url=False)[0], model) from error


def check_media_type(header: str) -> None:
    """Raise `MediaTypeError` unless a content-type header names JSON in UTF-8."""
    media_type, _, parameters = header.partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"').lower() or "utf-8"
    if media_type.strip().lower() != "application/json" or charset not in {"utf-8", "utf8"}:
        raise MediaTypeError(
            f"the body must be JSON in UTF-8 (content-type: application/json), got {header or 'no content-type'!r}"
        )


async def _read(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError as error:
        raise TooSlowError(f"the body did not come within {BODY_S:g} s; send it again") from error
    return bytes(body)


def _too_large() -> TooLargeError:
    return TooLargeError(f"the body is longer than {MAX_BODY_BYTES} bytes; split the text")


def parse(body: bytes) -> dict[str, Any]:
    """Return the object of a JSON text.

    Raises
    ------
    RequestError
        It is none.
    """
    try:
        fields = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RequestError(f"the body is not UTF-8: byte {error.start} is wrong") from error
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise RequestError(f"the body is not JSON: {what} at line {error.lineno}, column {error.colno}") from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of thousands of digits
        raise RequestError("the body is not JSON that can be read: too deep, or a number too long") from error
    if not isinstance(fields, dict):
        raise RequestError(f"the body must be a JSON object, got {_JSON_TYPES[type(fields)]}")
    return fields


def field_names(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields of a body as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def explain(error: ErrorDetails, model: type[BaseModel]) -> RequestError | TextError:
    """Return what is wrong with a field as a sentence."""
    accepted = ", ".join(field_names(model))
    name = str(error["loc"][0]) if error["loc"] else None
    if name is None:
        return TextError("the name of a field has half a character (a lone surrogate); send whole Unicode characters")
    match error["type"]:
        case "missing":
            return RequestError(f"field {name!r} is missing; accepted: {accepted}", name)
        case "extra_forbidden":
            return RequestError(f"unknown field {name!r}; accepted: {accepted}", name)
        case "string_unicode" | "string_type" if isinstance(error["input"], str):
            return TextError(f"{name} has half a character (a lone surrogate); send whole Unicode characters")
        case _:
            detail = error["msg"].removeprefix("Input should be ")
            return RequestError(f"{name} must be {detail}, got {error['input']!r:.60}", name)
