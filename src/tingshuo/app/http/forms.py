"""Bodies of ``multipart/form-data`` (RFC 7578): fields are checked like those of JSON, and the one file goes to the disk.

However large the file is, a piece of it is in memory at a time. What is wrong is said as soon as it is known.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tingshuo.app.http.bodies import BODY_S, explain, field_names
from tingshuo.app.http.uploads import Upload, Uploads
from tingshuo.errors import MediaTypeError, RequestError, TooLargeError, TooSlowError

FILE = "file"
MOST_PARTS = 64
MOST_FIELD_BYTES = 64 << 10
"""Of one field that is no file."""
MOST_OTHER_BYTES = 1 << 20
"""Of all that is no file: fields, headers, boundaries."""
LONGEST_BOUNDARY = 70
"""RFC 2046, section 5.1.1."""
WHOLE_S = 900.0
"""Within which a body has to be there, however steadily it comes; no part of it may take `BODY_S`."""

F = TypeVar("F", bound=BaseModel)


async def read_form(request: Request, model: type[F], uploads: Uploads) -> tuple[F, Upload]:
    """Read and check a form with one file, which the caller has to close.

    Fields that end in ``[]`` may be there several times.

    Raises
    ------
    MediaTypeError
        It is not declared as ``multipart/form-data``.
    TooLargeError
        The file or a field is longer than is allowed, declared or found.
    TooSlowError
        It does not come.
    RequestError
        It is cut off or no form, the file is missing or there are two, a field is unknown, missing, twice or of the wrong type.
    AudioError
        The file is empty.
    BusyError, OutputError
        There is no room for the file, or it cannot be kept.
    """
    form = _Form(_boundary(request.headers.get("content-type", "")), model, uploads)
    _check_declared(request.headers.get("content-length", ""), uploads)
    try:
        async for part in _parts(request):
            form.feed(part)
            if form.upload is not None:
                await form.upload.flush()
        upload = form.finish()
        await upload.flush(all=True)
        upload.check_content()
        return _checked(model, form.fields), upload
    except BaseException:
        if form.upload is not None:
            await form.upload.close()
        raise


class _Form:
    """A form on its way in; its private methods are what the parser calls."""

    def __init__(self, boundary: bytes, model: type[BaseModel], uploads: Uploads) -> None:
        self.fields: dict[str, list[bytes]] = {}
        self.upload: Upload | None = None
        self._known, self._uploads = field_names(model), uploads
        self._name, self._field = "", bytearray()
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._parts = 0
        self._to_file = self._whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open,
                "on_part_data": lambda data, start, end: self._add(data[start:end]),
                "on_part_end": self._end,
                "on_end": self._end_all,
            },
        )

    def feed(self, data: bytes) -> None:
        """Go on."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise RequestError("the body is no multipart/form-data: a boundary or a header in it is malformed") from error

    def finish(self) -> Upload:
        """Return the file, once all is there."""
        if not self._whole:
            raise RequestError("the body is cut off: it ends before its last boundary; send it again", self._name or None)
        if self.upload is None:
            raise RequestError("field 'file' is missing; send the recording in it", FILE)
        return self.upload

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise RequestError(f"the form has more than {MOST_PARTS} parts; accepted: {FILE}, {', '.join(self._known)}")
        self._headers, self._field, self._to_file = {}, bytearray(), False

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _open(self) -> None:
        """Know what the part is, from its headers."""
        _, said = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in said:
            raise RequestError("a part of the form has no name; give each one in its content-disposition")
        self._name = said[b"name"].decode("utf-8", "replace")
        self._to_file = b"filename" in said
        if self._to_file and self._name != FILE:
            raise RequestError(f"{self._name[:100]!r} is sent as a file; the recording goes into {FILE!r}", self._name[:100])
        if self._to_file and self.upload is not None:
            raise RequestError("there are two files; send one recording a request", FILE)
        if self._name == FILE and not self._to_file:
            raise RequestError("'file' is sent as text; send it as a file, with a filename (curl -F file=@talk.wav)", FILE)
        if self._to_file:
            self.upload = self._uploads.new(said[b"filename"].decode("utf-8", "replace"))

    def _add(self, data: bytes) -> None:
        if self._to_file and self.upload is not None:
            self.upload.add(data)
            return
        self._field += data
        if len(self._field) > MOST_FIELD_BYTES:
            raise TooLargeError(f"{self._name[:100]!r} is longer than {MOST_FIELD_BYTES} bytes", self._name[:100])

    def _end(self) -> None:
        if not self._to_file:
            self.fields.setdefault(self._name, []).append(bytes(self._field))

    def _end_all(self) -> None:
        self._whole = True


def _boundary(header: str) -> bytes:
    media_type, said = parse_options_header(header)
    if media_type != b"multipart/form-data" or not 0 < len(said.get(b"boundary", b"")) <= LONGEST_BOUNDARY:
        raise MediaTypeError(f"the body must be multipart/form-data with a boundary, got {header[:200] or 'no content-type'!r}")
    return said[b"boundary"]


def _check_declared(length: str, uploads: Uploads) -> None:
    if length.isascii() and length.isdigit() and int(length[:20]) > uploads.limit_bytes + MOST_OTHER_BYTES:
        uploads.check_size(int(length[:20]))


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """Yield the body, as long as it comes."""
    stream, clock = request.stream(), asyncio.get_running_loop().time
    end_s = clock() + WHOLE_S
    while True:
        try:
            async with asyncio.timeout(min(BODY_S, end_s - clock())):
                part = await anext(stream, None)
        except TimeoutError as error:
            raise TooSlowError(f"nothing came for {BODY_S:g} s, or not all within {WHOLE_S:g} s; send it again", FILE) from error
        if part is None:
            return
        yield part


def _checked(model: type[F], fields: dict[str, list[bytes]]) -> F:
    try:
        return model.model_validate({name: _read(name, values) for name, values in fields.items()})
    except ValidationError as error:
        raise explain(error.errors(include_url=False)[0], model) from error


def _read(name: str, values: Iterable[bytes]) -> str | list[str]:
    try:
        texts = [value.decode() for value in values]
    except UnicodeDecodeError as error:
        raise RequestError(f"{name[:100]!r} is not UTF-8: byte {error.start} is wrong", name[:100]) from error
    if name.endswith("[]"):
        return texts
    if len(texts) > 1:
        raise RequestError(f"{name[:100]!r} is there twice; send it once", name[:100])
    return texts[0]
