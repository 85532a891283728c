"""The gate before the real routes: who gets through, what the others are told, and that nothing is left behind."""

import asyncio
import contextlib
import dataclasses
import json
import socket
import threading
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from starlette.middleware.cors import CORSMiddleware
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tingshuo.app.http.access import MAX_HEADER_BYTES, PROBES, Access, read_scope
from tingshuo.app.http.pages import read_pages
from tingshuo.serve.access.audit import AuditLog
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import add_key, give_voice, revoke_key
from tingshuo.serve.access.limits import Limiter, parse_rates
from tingshuo.serve.access.networks import parse_networks
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.serve.access.totp import code, decode_secret, new_secret, step_at
from tingshuo.store.manifest import ConsentRecord

TEXT = {"text": "今天天气真好。我们走吧。"}


@pytest.fixture
def path(tmp_path):
    """A file of keys, with one that nobody here has."""
    add_key(tmp_path / "server.json", "somebody else")
    return tmp_path / "server.json"


@pytest.fixture
def scoped(service):
    """A service whose voices each key sees as it may; ``anna`` was cloned from a person."""
    other = service.voices.catalogue["other"]
    names = tuple(one.name for one in other.settings.speakers)
    fields = {"given_by": "Anna", "given_on": "2020-01-01", "purpose": "a test", "valid_until": "unlimited"}
    records = tuple(ConsentRecord(speaker=one, recording_sha256="0" * 64, **fields) for one in names)
    anna = dataclasses.replace(other, manifest=other.manifest.replace(name="anna", cloned=names, consents=records))
    service.voices = ScopedVoices(service.voices._load, service.voices.catalogue | {"anna": anna})
    return service


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}


def error(reply) -> tuple[int, str, str]:
    """Return status, code and message of an error in the shape that every route has."""
    body = reply.json()["error"]
    assert set(body) == {"message", "type", "param", "code"}
    assert "\n" not in body["message"]
    return reply.status_code, body["code"], body["message"]


def rows_of(folder) -> list[dict]:
    """Return what was recorded."""
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text("utf-8").splitlines()]


def test_a_server_without_keys_is_open_as_ever(service, serve_guarded):
    with serve_guarded(service) as client:
        body = client.post("/api/tts", json=TEXT).json()
        assert client.get(body["audio_url"]).content[:4] == b"RIFF"
        assert client.get("/").status_code == 200
        assert client.get("/api/voices", headers=bearer("none")).status_code == 200, "clients of OpenAI send any key"
        assert error(client.get("/admin/voices"))[:2] == (403, "access")
        assert client.get("/sign-in").status_code == 404


def test_every_route_asks_for_a_key_but_probes_and_files(service, path, serve_guarded):
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        paths = {"/docs", "/openapi.json", "/nothing", "/admin/voices"}
        token = add_key(path, "reader")[1]
        described = client.get("/openapi.json", headers=bearer(token)).json()["paths"]
        assert {"/api/tts", "/v1/audio/speech"} < set(described)
        for route in (paths | set(described)) - PROBES:
            for method in ("GET", "POST", "HEAD", "DELETE", "OPTIONS"):
                reply = client.request(method, route.replace("{id}", "x").replace("{name}", "x"))
                assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer realm="tingshuo"'), route
        assert error(client.post("/api/tts", json=TEXT))[1:] == (
            "unauthorized",
            "this server asks for a key: send the header Authorization: Bearer ts_...",
        )
        for open_path in (*PROBES, "/docs.css", *(f"/{name}" for name in read_pages() if name not in ("", "index.html"))):
            assert client.get(open_path).status_code == 200, open_path
        assert client.post("/js/main.js").status_code == 401


def test_a_key_opens_the_routes(service, path, serve_guarded):
    _, token = add_key(path, "shop")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        body = client.post("/api/tts", json=TEXT, headers=bearer(token)).json()
        assert client.get(body["audio_url"]).status_code == 401
        assert client.get(body["audio_url"], headers={"x-api-key": token}).content[:4] == b"RIFF"
        spoken = client.post("/v1/audio/speech", json={"input": "你好。"}, headers=bearer(token))
        assert (spoken.status_code, spoken.headers["content-type"]) == (200, "audio/mpeg")
        lines = client.post("/api/tts/stream", json=TEXT, headers=bearer(token)).text.splitlines()
        assert json.loads(lines[-1])["type"] == "done"
        assert client.get("/v1/models", headers=bearer(token)).status_code == 200


def test_a_revoked_key_ends_with_the_next_request(service, path, serve_guarded):
    key, token = add_key(path, "shop")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        assert client.get("/api/voices", headers=bearer(token)).status_code == 200
        revoke_key(path, key.id)
        status, kind, message = error(client.get("/api/voices", headers=bearer(token)))
        assert (status, kind) == (401, "unauthorized")
        assert "was revoked on" in message


def test_a_key_is_for_its_verbs(service, path, serve_guarded):
    _, token = add_key(path, "reader", verbs=["list"])
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        assert client.get("/v1/audio/voices", headers=bearer(token)).status_code == 200
        status, kind, message = error(client.post("/api/tts", json=TEXT, headers=bearer(token)))
        assert (status, kind) == (403, "access")
        assert "is not for the verb speak; it is for: list" in message
        assert service.workers.active == 0


def test_a_key_is_for_its_voices(scoped, path, serve_guarded):
    _, token = add_key(path, "shop", voices=["default/deep"])
    with serve_guarded(scoped, Gate(KeyRing(path))) as client:
        assert client.post("/api/tts", json=TEXT | {"voice": "default/deep"}, headers=bearer(token)).status_code == 200
        for route, fields in (
            ("/api/tts", TEXT),
            ("/api/tts/stream", TEXT | {"voice": "other"}),
            ("/v1/audio/speech", {"input": "你好。", "voice": "default"}),
        ):
            status, kind, message = error(client.post(route, json=fields, headers=bearer(token)))
            assert (status, kind) == (403, "access")
            assert "it is for: default/deep" in message
        voices = client.get("/v1/audio/voices", headers=bearer(token)).json()["voices"]
        assert [row["id"] for row in voices] == ["default/deep"]


def test_a_cloned_voice_is_private_to_its_key(scoped, path, serve_guarded):
    mine, other = add_key(path, "mine"), add_key(path, "other")
    give_voice(path, mine[0].id, "anna")
    with serve_guarded(scoped, Gate(KeyRing(path))) as client:

        def seen(token: str) -> set[str]:
            return {row["name"] for row in client.get("/api/voices", headers=bearer(token)).json()["voices"]}

        assert seen(mine[1]) - seen(other[1]) == {"anna"}
        wanted = TEXT | {"voice": "anna"}
        assert client.post("/api/tts", json=wanted, headers=bearer(mine[1])).status_code == 200
        hidden = error(client.post("/api/tts", json=wanted, headers=bearer(other[1])))
        never = error(client.post("/api/tts", json=wanted | {"voice": "nana"}, headers=bearer(other[1])))
        assert hidden[:2] == (404, "unknown_voice")
        assert hidden[2].replace("anna", "nana") == never[2], "nothing tells a clone of somebody else from no voice at all"


@pytest.mark.parametrize("voice", ["/etc/passwd", "../default", "file:///etc/passwd", "./voices", "a\\b", "\x00"])
def test_no_path_is_read_from_a_request(scoped, path, serve_guarded, voice):
    _, token = add_key(path, "shop")
    with serve_guarded(scoped, Gate(KeyRing(path))) as client:
        for route, field in (("/api/tts", "text"), ("/v1/audio/speech", "input")):
            reply = client.post(route, json={field: "你好。", "voice": voice}, headers=bearer(token))
            assert error(reply)[:2] == (404, "unknown_voice")


def test_too_often_is_429_with_what_is_left(service, path, serve_guarded):
    _, token = add_key(path, "shop", rates=["2/hour"])
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        first, second, third = (client.get("/api/voices", headers=bearer(token)) for _ in range(3))
        assert [reply.headers["ratelimit-remaining"] for reply in (first, second, third)] == ["1", "0", "0"]
        assert (first.headers["ratelimit-limit"], first.headers["ratelimit-policy"]) == ("2", "2;w=3600")
        status, kind, message = error(third)
        assert (status, kind) == (429, "rate_limit")
        assert 3590 <= int(third.headers["retry-after"]) == int(third.headers["ratelimit-reset"]) <= 3600
        assert message.startswith("more than 2 requests in 1 hour; try again in 3")
        assert client.get("/healthz").status_code == 200


def test_addresses_are_limited_where_nobody_has_a_key_and_no_header_helps(service, serve_guarded):
    with serve_guarded(service, Gate(rates=parse_rates(["1/hour"]))) as client:
        statuses = [client.get("/api/voices", headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code for n in range(3)]
        assert statuses == [200, 429, 429]
        assert client.get("/").status_code == client.get("/js/main.js").status_code == 200


def test_a_trusted_proxy_says_who_asks(service, serve_guarded):
    gate = Gate(rates=parse_rates(["1/hour"]), networks=parse_networks(["203.0.113.0/24"]), trusted=parse_networks(["127.0.0.1"]))
    with serve_guarded(service, gate) as client:
        statuses = [
            client.get("/api/voices", headers={"x-forwarded-for": f"1.1.1.1, 203.0.113.{n}"}).status_code for n in (1, 2, 2)
        ]
        assert statuses == [200, 200, 429]
        refused = client.get("/", headers={"x-forwarded-for": "203.0.113.1, 198.51.100.1"})
        assert error(refused) == (403, "access", "requests from 198.51.100.1 are not accepted here")
        assert client.get("/healthz").status_code == 200, "whoever watches over the server is let in"


def test_with_redis_away_no_request_fails(service, path, serve_guarded, caplog):
    pytest.importorskip("redis")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        limiter = Limiter(f"redis://127.0.0.1:{closed.getsockname()[1]}/0")
        _, token = add_key(path, "shop", rates=["3/hour"])
        with serve_guarded(service, Gate(KeyRing(path), limiter=limiter)) as client:
            assert [client.get("/api/voices", headers=bearer(token)).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert caplog.text.count("counts requests alone") == 1


def test_places_are_given_back_when_a_client_leaves_in_a_stream(service, fake_voice, path, serve_guarded):
    key, token = add_key(path, "shop", concurrency=1)
    gate, go = Gate(KeyRing(path)), threading.Event()
    with serve_guarded(service, gate) as client:
        fake_voice.closed.clear()
        fake_voice.before_chunk = lambda n: n == 0 or go.wait(30)
        with client.stream("POST", "/api/tts/stream", json=TEXT, headers=bearer(token)) as reply:
            lines = reply.iter_lines()  # kept: an iterator that is dropped closes the connection
            assert next(lines)
            second = client.post("/api/tts", json=TEXT, headers=bearer(token))
            assert error(second)[:2] == (429, "rate_limit")
            assert second.headers["retry-after"] == "1"
            assert gate.slots[f"key:{key.id}"] == 1
        go.set()
        assert fake_voice.closed.wait(30)
        while gate.slots[f"key:{key.id}"]:
            client.get("/healthz")
        fake_voice.before_chunk = lambda _: None
        assert client.post("/api/tts", json=TEXT, headers=bearer(token)).status_code == 200


def test_a_bug_is_answered_recorded_and_gives_its_place_back(service, fake_voice, path, tmp_path, serve_guarded):
    _, token = add_key(path, "shop", concurrency=1)

    def bug(_: int) -> None:
        raise ZeroDivisionError

    gate = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl"))
    with serve_guarded(service, gate) as client:
        fake_voice.before_chunk = bug
        for n in range(3):
            reply = client.post("/api/tts", json=TEXT, headers=bearer(token, x_request_id=f"bug-{n}", connection="close"))
            assert error(reply)[:2] == (500, "internal")
            assert (reply.headers["x-request-id"], reply.headers["x-content-type-options"]) == (f"bug-{n}", "nosniff")
    assert not gate.slots._taken
    assert [row["status"] for row in rows_of(tmp_path)] == [500] * 3


def test_administration_asks_for_two_factors(service, path, serve_guarded, clock):
    secret = new_secret()
    _, token = add_key(path, "operator", verbs=["admin"], totp=secret)
    _, second = add_key(path, "second", verbs=["admin"])
    gate = Gate(KeyRing(path), clock=clock)
    clock.now += 300
    with serve_guarded(service, gate) as client:

        def ask(**headers: str):
            return client.get("/admin/voices", headers=bearer(token, **headers))

        missing = ask()
        assert error(missing)[:2] == (401, "unauthorized")
        assert "x-totp" in missing.text
        now = code(decode_secret(secret), step_at(clock()))
        good = ask(x_totp=now)
        assert good.json() == {"administration": "open"}
        assert error(ask(x_totp=now))[0] == 401, "each code is good once"
        assert ask(x_admin_session=good.headers["x-admin-session"]).status_code == 200
        assert error(ask(x_admin_session="x"))[0] == 401
        assert ask(x_admin_key=second).status_code == 200
        assert error(ask(x_admin_key=token))[0] == 403
        assert error(client.get("/admin/voices", headers={"x-totp": now}))[0] == 401
        for other in ("//admin/voices", "/admin/../admin/voices", "/ADMIN/voices", "/%61dmin/voices"):
            assert client.get(other, headers=bearer(token)).status_code in (401, 403, 404)


@pytest.mark.parametrize(
    "value", ["Bearer \xff\xfe", "Bearer ts_\x7f_\x7f", "Bearer ts__", "Bearer " + "x" * 5000, "ts_a_b", "Bearer ts_" * 99]
)
def test_keys_of_odd_characters_are_wrong_keys(service, path, serve_guarded, value):
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        reply = client.get("/api/voices", headers={"authorization": value.encode("latin-1")})
        assert reply.status_code == 401


def test_headers_without_end_are_refused(service, path, serve_guarded):
    with serve_guarded(service, Gate(KeyRing(path)), h11_max_incomplete_event_size=1 << 22) as client:
        reply = client.get("/api/voices", headers={"authorization": "Bearer " + "x" * (1 << 20)})
        assert error(reply) == (413, "too_large", f"the headers are longer than {MAX_HEADER_BYTES} bytes")
    with serve_guarded(service) as client:
        with contextlib.suppress(httpx.TransportError):  # uvicorn itself answers 400 and closes while they are being sent
            assert client.get("/api/voices", headers={"x-filling": "x" * (1 << 20)}).status_code == 400
        assert client.get("/healthz").status_code == 200


def test_a_thousand_wrong_keys_change_nothing_for_the_right_one(service, path, tmp_path, serve_guarded):
    _, token = add_key(path, "shop")
    gate = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl"))
    with serve_guarded(service, gate) as client:
        statuses = {client.get("/api/voices", headers=bearer(f"{token[:-4]}{n:04}")).status_code for n in range(1000)}
        assert statuses == {401}
        assert client.get("/api/voices", headers=bearer(token)).status_code == 200
    rows = rows_of(tmp_path)
    assert rows[-1]["status"] == 200
    assert len(rows) <= 601


def test_keys_that_are_damaged_while_running_stay_as_they_were(service, path, serve_guarded, caplog):
    _, token = add_key(path, "shop")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        path.write_text("{")
        assert client.get("/api/voices", headers=bearer(token)).status_code == 200
        assert client.get("/api/voices").status_code == 401
        path.unlink()
        assert client.get("/api/voices").status_code == 401, "no file is not an open server"
        assert client.get("/api/voices", headers=bearer(token)).status_code == 200
    assert caplog.text.count("count on") == 2


def test_the_record_has_each_request_and_never_the_text(scoped, path, tmp_path, serve_guarded):
    key, token = add_key(path, "shop", verbs=["speak"])
    gate = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl"))
    with serve_guarded(scoped, gate) as client:
        reply = client.post("/api/tts?text=秘密", json={"text": "秘密的话。"}, headers=bearer(token, x_request_id="call-1"))
        assert reply.headers["x-request-id"] == "call-1"
        client.get(reply.json()["audio_url"], headers=bearer(token))
        client.get("/v1/models/秘密", headers=bearer(token))
        client.get("/api/voices", headers=bearer(f"{token}x"))
        client.get("/healthz")
        client.get("/js/main.js")
    text = (tmp_path / "audit.jsonl").read_text()
    rows = rows_of(tmp_path)  # that of a file comes a moment after its last byte was sent
    assert sorted((row["verb"], row["status"], row["key"]) for row in rows) == [
        ("list", 401, None),
        ("list", 403, key.id),
        ("speak", 200, key.id),
        ("speak", 200, key.id),
    ]
    [spoken] = [row for row in rows if row["request"] == "call-1"]
    assert (spoken["voice"], spoken["characters"], spoken["address"]) == ("default", 5, "127.0.0.1")
    assert "秘密" not in text
    assert token not in text
    assert token.rpartition("_")[2][:10] not in text


def test_a_client_that_left_is_recorded(service, fake_voice, path, tmp_path, serve_guarded):
    _, token = add_key(path, "shop")
    gate, go = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl")), threading.Event()
    started = threading.Event()
    with serve_guarded(service, gate) as client:
        fake_voice.before_chunk = lambda _: (started.set(), go.wait(30))
        request = client.build_request("POST", "/api/tts", json=TEXT, headers=bearer(token))
        host, port = client.base_url.host, client.base_url.port
        raw = f"POST /api/tts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        with socket.create_connection((host, port)) as left:
            left.sendall(f"{raw}content-length: {len(request.content)}\r\n\r\n".encode() + request.content)
            assert started.wait(30)
        go.set()
    [row] = rows_of(tmp_path)
    assert row["status"] == 499


def exchange(app, scope, headers: dict[str, str]) -> list[dict]:
    """Return what an application sends to a request without a body, or to a socket that is opened."""
    sent: list[dict] = []

    async def receive():
        return {"type": "websocket.connect"} if scope["type"] == "websocket" else {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(app({"query_string": b"", **scope, "headers": raw}, receive, send))
    return sent


def app_of(gate: Gate) -> FastAPI:
    """Return a small application with a socket, behind the gate."""
    app = FastAPI()

    @app.websocket("/v1/audio/speech/stream")
    async def echo(connection: WebSocket) -> None:
        await connection.accept()
        await connection.send_text("hello")
        await connection.close()

    app.add_middleware(Access, gate=gate)
    return app


SOCKET = {"type": "websocket", "path": "/v1/audio/speech/stream", "subprotocols": []}


def test_sockets_ask_for_a_key_too(path):
    _, token = add_key(path, "shop")
    app = app_of(Gate(KeyRing(path)))
    told = SOCKET | {"extensions": {"websocket.http.response": {}}}
    assert [message["type"] for message in exchange(app, told, bearer(token))][:2] == ["websocket.accept", "websocket.send"]
    start, body = exchange(app, told, {})
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert json.loads(body["body"])["error"]["code"] == "unauthorized"


def test_a_server_that_cannot_refuse_a_socket_with_a_reply_closes_it(path):
    [closed] = exchange(app_of(Gate(KeyRing(path))), SOCKET, {})
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    assert closed["reason"].startswith("this server asks for a key")


def test_the_socket_that_speaks_knows_the_key_with_each_text(scoped, path, serve_guarded):
    key, token = add_key(path, "shop", voices=["default"])
    with serve_guarded(scoped, Gate(KeyRing(path))) as client:
        address = f"ws://{client.base_url.host}:{client.base_url.port}/v1/audio/speech/stream"
        with pytest.raises(InvalidStatus) as denied, connect(address):
            pass
        assert denied.value.response.status_code == 401
        assert json.loads(denied.value.response.body)["error"]["code"] == "unauthorized"
        with connect(address, additional_headers=bearer(token)) as connection:

            def answer(**message: str) -> dict:
                connection.send(json.dumps(message))
                return json.loads(connection.recv(timeout=30))

            assert answer(type="session.config", voice="default")["type"] == "session.ready"
            assert answer(type="session.config", voice="other")["error"]["code"] == "access"
            assert answer(type="session.config", voice="anna")["error"]["code"] == "unknown_voice"
            revoke_key(path, key.id)
            assert answer(type="session.config", voice="default")["error"]["code"] == "unauthorized"


def test_a_browser_may_ask_beforehand_without_a_key(path):
    """Where another origin is allowed: its browser asks by OPTIONS first, and sends no key with that."""
    asking = {"origin": "https://game.example", "access-control-request-method": "POST"}
    allowed = {"allow_origins": ["https://game.example"]}
    outside = app_of(Gate(KeyRing(path)))
    outside.add_middleware(CORSMiddleware, **allowed)
    inside = Access(CORSMiddleware(FastAPI(), **allowed), Gate(KeyRing(path)))
    for app in (outside, inside):
        [start, *_] = exchange(app, {"type": "http", "method": "OPTIONS", "path": "/api/tts"}, asking)
        assert (b"access-control-allow-origin", b"https://game.example") in start["headers"]
    [start, *_] = exchange(outside, {"type": "http", "method": "GET", "path": "/api/voices"}, {"origin": "https://game.example"})
    assert start["status"] == 401
    assert (b"access-control-allow-origin", b"https://game.example") in start["headers"], "its page may read why"


def test_other_origins_are_not_allowed_by_themselves(service, path, serve_guarded):
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        asking = {"origin": "https://game.example", "access-control-request-method": "POST"}
        assert "access-control-allow-origin" not in client.options("/api/tts", headers=asking).headers


def test_what_is_read_of_a_request():
    headers = [(b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2"), (b"x-api-key", b"a"), (b"x-api-key", b"b")]
    scope = {"method": "GET", "path": "/site/admin", "root_path": "/site", "client": ("192.0.2.1", 1), "headers": headers}
    asked = read_scope(scope)
    assert (asked.path, asked.peer) == ("/admin", "192.0.2.1")
    assert asked.headers == {"x-forwarded-for": "1.1.1.1,2.2.2.2", "x-api-key": "a"}
    assert read_scope({"path": "/sitemap", "root_path": "/site", "headers": []}).path == "/sitemap"


def test_the_gate_is_closed_before_the_server_says_that_it_has_ended():
    order = []

    async def app(scope, receive, send):
        await send({"type": "lifespan.shutdown.complete"})

    async def send(message):
        order.append(message["type"])

    async def aclose():
        order.append("gate")

    asyncio.run(Access(app, SimpleNamespace(aclose=aclose))({"type": "lifespan"}, None, send))
    assert order == ["gate", "lifespan.shutdown.complete"]
