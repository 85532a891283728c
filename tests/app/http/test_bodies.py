"""Bad bodies: each has its status and a sentence that names the cause and what is accepted."""

import socket

import pytest

from tingshuo.app.http import bodies
from tingshuo.app.http.bodies import MAX_BODY_BYTES, check_media_type
from tingshuo.errors import MediaTypeError

BAD = {
    "empty body": (b"", 400, "not JSON"),
    "malformed": (b'{"text": "a', 400, "line 1, column"),
    "not an object": (b'["text"]', 400, "must be a JSON object, got an array"),
    "not UTF-8": (b'{"text": "\xff"}', 400, "not UTF-8"),
    "null": (b"null", 400, "must be a JSON object, got null"),
    "a raw control character": (b'{"text": "a\x01"}', 400, "Invalid control character at line 1, column 12"),
    "lone surrogate in a name": (b'{"text": "a", "\\ud800": 1}', 422, "the name of a field has half a character"),
    "too deep": (b"[" * 100_000, 400, "too deep"),
    "a number of 5000 digits": (b'{"text": "a", "seed": ' + b"9" * 5000 + b"}", 400, "number too long"),
    "no text": (b"{}", 400, "'text' is missing; accepted: emotion"),
    "unknown field": (b'{"text": "a", "sped": 1}', 400, "unknown field 'sped'; accepted: emotion, strength, speed"),
    "text is a number": (b'{"text": 1}', 400, "text must be a valid string, got 1"),
    "speed is a string": (b'{"text": "a", "speed": "fast"}', 400, "speed must be a valid number, got 'fast'"),
    "speed is a boolean": (b'{"text": "a", "speed": true}', 400, "speed must be"),
    "seed is a fraction": (b'{"text": "a", "seed": 0.5}', 400, "seed must be a valid integer"),
    "speed 0": (b'{"text": "a", "speed": 0}', 400, "speed must be a number from 0.5 to 2, got 0"),
    "speed NaN": (b'{"text": "a", "speed": NaN}', 400, "speed must be a number from 0.5 to 2, got nan"),
    "pitch infinite": (b'{"text": "a", "pitch": 1e999}', 400, "pitch must be a number from -12 to 12 semitones, got inf"),
    "unknown emotion": (b'{"text": "a", "emotion": "bored"}', 400, "unknown emotion 'bored'; accepted: neutral, happy"),
    "unknown voice": (b'{"text": "a", "voice": "nobody"}', 404, "unknown voice 'nobody'; accepted: default, default/deep, other"),
    "a path as voice": (b'{"text": "a", "voice": "/etc"}', 404, "unknown voice '/etc'"),
    "unknown style": (b'{"text": "a", "style": "odd"}', 404, "unknown style 'odd'; accepted: steady"),
    "unknown format": (b'{"text": "a", "format": "midi"}', 400, "unknown audio format 'midi'; accepted: wav"),
    "empty text": (b'{"text": ""}', 422, "nothing to speak"),
    "only punctuation": ('{"text": "。，…"}'.encode(), 422, "nothing to speak"),
    "control character": (b'{"text": "a\\u0000b"}', 422, "a control character, U+0000, at position 1"),
    "lone surrogate": (b'{"text": "a\\ud800b"}', 422, "half a character"),
    "too many characters": (b'{"text": "' + b"a" * 100_001 + b'"}', 413, "at most 100000"),
    "1 MB of text": (b'{"text": "' + b"a" * 1_000_000 + b'"}', 413, "longer than 1000000 bytes"),
}


@pytest.mark.parametrize("path", ["/api/tts", "/api/tts/stream"])
@pytest.mark.parametrize("case", BAD)
def test_bad_bodies_are_explained(shared_client, path, case):
    body, status, message = BAD[case]
    reply = shared_client.post(path, content=body, headers={"content-type": "application/json"})
    error = reply.json()["error"]
    assert (reply.status_code, message in error["message"]) == (status, True), error["message"]
    assert "\n" not in error["message"]
    assert error["type"] == "invalid_request_error"


def test_the_field_at_fault_is_named(shared_client):
    headers = {"content-type": "application/json"}
    for path, field in (("/api/tts", "text"), ("/api/tts/stream", "text"), ("/v1/audio/speech", "input")):
        for text in (b"", b"a\\u0000b", b"a" * 100_001, b"a" * 1_000_000):
            reply = shared_client.post(path, content=b'{"%s": "%s"}' % (field.encode(), text), headers=headers)
            assert reply.json()["error"]["param"] == field
    assert shared_client.post("/api/tts", json={"text": "a", "format": "midi"}).json()["error"]["param"] == "format"


def test_a_byte_order_mark_does_no_harm(shared_client):
    reply = shared_client.post("/api/tts", content=b'\xef\xbb\xbf{"text": "a"}', headers={"content-type": "application/json"})
    assert reply.status_code == 200


def test_a_long_body_without_a_length_is_refused_too(shared_client):
    def parts():
        for _ in range(40):
            yield b" " * (MAX_BODY_BYTES // 30)

    reply = shared_client.post("/api/tts", content=parts(), headers={"content-type": "application/json"})
    assert reply.status_code == 413


@pytest.mark.parametrize("header", ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=gbk"])
def test_other_media_types_are_refused(shared_client, header):
    reply = shared_client.post("/api/tts", content=b'{"text": "a"}', headers={"content-type": header} if header else {})
    assert reply.status_code == 415
    assert "application/json" in reply.json()["error"]["message"]


@pytest.mark.parametrize("header", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"'])
def test_json_in_utf8_is_accepted(header):
    check_media_type(header)
    with pytest.raises(MediaTypeError):
        check_media_type(header.replace("json", "xml").replace("JSON", "xml"))


def test_a_body_that_does_not_come_is_told(client, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_S", 0.1)
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        connection.sendall(b"POST /api/tts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{")
        reply = b"".join(iter(lambda: connection.recv(10_000), b""))  # its body may come after its headers
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come within 0.1 s" in reply
