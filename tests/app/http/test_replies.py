"""Replies: JSON that always encodes, codes of errors, headers, and streams that end in order."""

import asyncio
import json

import pytest

from tingshuo.app.http import replies
from tingshuo.app.http.replies import (
    ERROR_REPLY,
    StreamReply,
    encode_json,
    error_body,
    error_code,
    reply_to_error,
    timing_header,
    warnings_header,
)
from tingshuo.errors import OUTCOMES, BusyError, RequestError, SsmlError, TingshuoError, UnknownVoiceError
from tingshuo.types import Stages


def test_json_is_compact_readable_and_never_fails_on_text():
    assert encode_json({"text": "你好"}) == '{"text":"你好"}'.encode()
    assert json.loads(encode_json({"text": "a\ud800b\x00"})) == {"text": "a\ud800b\x00"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_json({"rtf": float("nan")})


@pytest.mark.parametrize(
    ("error", "code"), [(SsmlError("x"), "ssml"), (UnknownVoiceError("x"), "unknown_voice"), (TingshuoError("x"), "tingshuo")]
)
def test_codes_are_the_classes(error, code):
    assert error_code(error) == code


def test_every_error_has_a_body_of_its_status():
    for kind, row in OUTCOMES.items():
        body = error_body(kind("sentence"))["error"]
        assert body["type"] == ("server_error" if row.status >= 500 else "invalid_request_error")
        assert body["message"] == "sentence"
    assert error_body(RequestError("x", "speed"))["error"]["param"] == "speed"


def test_busy_says_when_to_come_back():
    reply = reply_to_error(BusyError("full", 7))
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "7")


def test_headers():
    assert timing_header(Stages(text_ms=1.26), 0.002)["server-timing"].startswith("queue;dur=2.0, text;dur=1.3, ")
    assert warnings_header(()) == {}
    assert warnings_header(("a b", "雪"))["tingshuo-warnings"] == "a b; %E9%9B%AA"
    injected = warnings_header(("a\r\nset-cookie: x",))["tingshuo-warnings"]
    assert "\n" not in injected
    assert "\r" not in injected


class Wire:
    """The two ends of an ASGI connection: what was sent, and a client that leaves when told or takes nothing."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.sent: list[dict] = []
        self.left = asyncio.Event()
        self._stuck = stuck

    async def receive(self) -> dict:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        if self._stuck and message.get("body"):
            await asyncio.Event().wait()
        self.sent.append(message)


def play(parts, wire: Wire) -> list[str]:
    """Run a reply over a wire and return its log."""
    log: list[str] = []

    async def close() -> None:
        log.append("closed")

    reply = StreamReply(parts(log, wire), close, "audio/pcm")
    asyncio.run(asyncio.wait_for(reply({"type": "http"}, wire.receive, wire.send), 20))
    return log


def test_a_stream_that_ends_says_so():
    async def parts(log, wire):
        yield b"a"
        yield b"b"

    wire = Wire()
    assert play(parts, wire) == ["closed"]
    assert [m.get("body") for m in wire.sent] == [None, b"a", b"b", b""]
    assert wire.sent[-1]["more_body"] is False


def test_a_client_that_left_ends_the_work_at_once():
    async def parts(log, wire):
        yield b"a"
        wire.left.set()
        await asyncio.Event().wait()
        log.append("never")

    wire = Wire()
    assert play(parts, wire) == ["closed"]
    assert wire.sent[-1].get("body") == b"a"


def test_a_client_that_takes_nothing_is_given_up(monkeypatch, caplog):
    monkeypatch.setattr(replies, "SEND_TIMEOUT_S", 0.01)

    async def parts(log, wire):
        yield b"a"

    wire = Wire(stuck=True)
    assert play(parts, wire) == ["closed"]
    assert len(wire.sent) == 1, "headers, and no end"
    assert "took nothing" in caplog.text


def test_an_error_of_ours_leaves_the_body_without_its_end(caplog):
    async def parts(log, wire):
        yield b"a"
        raise TingshuoError("broken")

    wire = Wire()
    assert play(parts, wire) == ["closed"]
    assert wire.sent[-1]["more_body"] is True
    assert "broken" in caplog.text


def test_a_bug_comes_out():
    async def parts(log, wire):
        yield b"a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play(parts, Wire())


def test_the_description_of_the_api_tells_what_errors_are(shared_client):
    for path, methods in shared_client.get("/openapi.json").json()["paths"].items():
        for method, told in methods.items():
            assert told["responses"]["default"] == ERROR_REPLY, (method, path)
    error = shared_client.post("/api/tts", json={"text": ""}).json()["error"]
    shape = ERROR_REPLY["content"]["application/json"]["schema"]["properties"]["error"]
    assert sorted(error) == sorted(shape["required"])
