"""Forms with a file: read piece by piece, and whatever is wrong has its sentence and its field."""

import asyncio

import pytest
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from tingshuo.app.http import forms
from tingshuo.app.http.forms import MOST_FIELD_BYTES, MOST_OTHER_BYTES, MOST_PARTS, read_form
from tingshuo.app.http.uploads import Uploads
from tingshuo.errors import AudioError, MediaTypeError, RequestError, TooLargeError, TooSlowError

TYPE = "multipart/form-data; boundary=XX"


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: str = ""
    number: float = Field(0.0, le=1)
    several: list[str] = Field([], alias="several[]")


def part(name, content, filename=None):
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


FILE = part("file", b"RIFF....", "talk.wav")


def request_of(body, *, size=7, **headers):
    """A request whose body comes in pieces of some bytes."""
    pieces = [body[n : n + size] for n in range(0, len(body), size)] or [b""]

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    given = {"content-type": TYPE} | {name.replace("_", "-"): value for name, value in headers.items()}
    rows = [(name.encode(), value.encode()) for name, value in given.items()]
    return Request({"type": "http", "method": "POST", "headers": rows}, receive)


@pytest.fixture
def uploads():
    made = Uploads(limit_bytes=1000)
    yield made
    assert made.kept_bytes == 0
    made.close()


def read(uploads, body, **how):
    async def scenario():
        form, upload = await read_form(request_of(body, **how), Form, uploads)
        content = upload.path.read_bytes(), upload.name
        await upload.close()
        return form, *content

    return asyncio.run(scenario())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_fields_and_file_come_in_any_order_and_in_any_pieces(uploads, size):
    body = (
        part("word", "你好".encode())
        + FILE
        + part("several[]", b"a")
        + part("several[]", b"b")
        + part("number", b"0.5")
        + b"--XX--"
    )
    form, data, name = read(uploads, body, size=size)
    assert (form.word, form.number, form.several) == ("你好", 0.5, ["a", "b"])
    assert (data, name) == (b"RIFF....", "talk.wav")


WRONG = {
    "no file": (part("word", b"a") + b"--XX--", RequestError, "file", "field 'file' is missing"),
    "file as text": (part("file", b"a") + b"--XX--", RequestError, "file", "send it as a file, with a filename"),
    "another file": (part("word", b"a", "a.wav") + b"--XX--", RequestError, "word", "the recording goes into 'file'"),
    "two files": (FILE + FILE + b"--XX--", RequestError, "file", "there are two files"),
    "empty": (part("file", b"", "a.wav") + b"--XX--", AudioError, "file", r"a\.wav: is empty"),
    "too long": (part("file", b"x" * 1001, "a.wav") + b"--XX--", TooLargeError, "file", r"more than 0\.001 MB"),
    "cut off": (FILE + b"--X", RequestError, "file", "ends before its last boundary"),
    "cut off in the file": (FILE[:-6], RequestError, "file", "ends before its last boundary"),
    "nothing": (b"", RequestError, None, "ends before its last boundary"),
    "no form": (b"RIFF\x00\x00WAVE", RequestError, None, "no multipart/form-data"),
    "unknown": (FILE + part("wrod", b"a") + b"--XX--", RequestError, "wrod", r"unknown field 'wrod'; accepted: .*several\[\]"),
    "twice": (FILE + part("word", b"a") + part("word", b"b") + b"--XX--", RequestError, "word", "twice"),
    "no number": (FILE + part("number", b"x") + b"--XX--", RequestError, "number", "number must be a valid number"),
    "too large a number": (FILE + part("number", b"3") + b"--XX--", RequestError, "number", "less than or equal to 1, got '3'"),
    "no UTF-8": (FILE + part("word", b"a\xff") + b"--XX--", RequestError, "word", "is not UTF-8: byte 1 is wrong"),
    "no name": (b"--XX\r\nContent-Type: text/plain\r\n\r\na\r\n--XX--", RequestError, None, "has no name"),
    "a long field": (FILE + part("word", b"x" * (MOST_FIELD_BYTES + 1)) + b"--XX--", TooLargeError, "word", "longer than"),
    "many parts": (part("word", b"a") * (MOST_PARTS + 1) + b"--XX--", RequestError, None, "accepted: file, word, number"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_has_its_sentence_and_its_field_and_leaves_nothing(uploads, case):
    body, error, param, message = WRONG[case]
    with pytest.raises(error, match=message) as caught:
        read(uploads, body, size=4096)
    assert type(caught.value) is error
    assert caught.value.param == param


@pytest.mark.parametrize("header", ["", "application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 71}"])
def test_anything_but_a_form_is_refused_before_it_is_read(uploads, header):
    with pytest.raises(MediaTypeError, match="multipart/form-data with a boundary"):
        read(uploads, FILE, content_type=header)


def test_what_says_that_it_is_too_long_is_not_read(uploads):
    async def scenario():
        request = request_of(b"", content_length=str(1001 + MOST_OTHER_BYTES))
        request._receive = None
        await read_form(request, Form, uploads)

    with pytest.raises(TooLargeError):
        asyncio.run(scenario())


def test_who_sends_nothing_is_not_waited_for(uploads, monkeypatch):
    monkeypatch.setattr(forms, "BODY_S", 0.0)

    async def scenario():
        request = request_of(FILE)
        request._receive = asyncio.Event().wait
        await read_form(request, Form, uploads)

    with pytest.raises(TooSlowError, match="send it again") as caught:
        asyncio.run(scenario())
    assert caught.value.param == "file"
