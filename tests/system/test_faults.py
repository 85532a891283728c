"""What goes wrong around a server that runs: disks, files, clocks, Redis, clients. None of it may stop it or make others wait."""

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.serve.access.conftest import Redis
from tests.system.processes import PATIENCE_S, ServerProcess, everything, raw, server_process, wait_until
from websockets.sync.client import connect

from tingshuo.serve.access.keys import add_key
from tingshuo.tasks.voices import find_voice

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and sets limits of another process")

TEXT = "今天天气真好，我们去公园吧！"
LONG = TEXT * 150
"""Of eight minutes: more than lies in a connection."""
IMPATIENT = """
import tingshuo.app.http.replies as replies
replies.SEND_TIMEOUT_S = 2.0
import tingshuo.app.http.bodies as bodies, tingshuo.app.http.protocol as protocol
bodies.BODY_S = protocol.HEAD_S = 2.0
import tingshuo.serve.access.limits as limits
limits.RETRY_S, limits.TIMEOUT_S = 0.1, 5.0
"""
"""Before the modules that take these times over are imported."""
CLOCK = """
import signal, time
true_time, jump = time.time, [0.0]
time.time = lambda: true_time() + jump[0]
signal.signal(signal.SIGUSR1, lambda *_: jump.append(jump.pop() + 86400))
signal.signal(signal.SIGUSR2, lambda *_: jump.append(jump.pop() - 86400))
"""
"""A clock on the wall that jumps by a day, forth and back, when it is told to."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two voices beside the default one, copies that may be damaged."""
    home = tmp_path_factory.mktemp("home")
    for name in ("default", "later", "spare"):
        shutil.copytree(find_voice("default"), home / "voices" / name)
    return home


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps finished audio."""
    return tmp_path_factory.mktemp("finished")


@pytest.fixture(scope="module")
def impatient(home: Path, folder: Path) -> Iterator[ServerProcess]:
    """A server that waits for two seconds where it would wait for a minute."""
    with server_process(first=IMPATIENT, TINGSHUO_HOME=str(home), TMPDIR=str(folder)) as server:
        yield server


@pytest.fixture
def server(impatient: ServerProcess) -> Iterator[ServerProcess]:
    """The same; after each test it has nothing under way, speaks, and has logged no traceback."""
    impatient.said.clear()
    yield impatient
    wait_until(lambda: impatient.gauge("tingshuo_active_requests") == 0)
    assert speaks(impatient)
    assert "Traceback" not in (told := "".join(impatient.said)) or "Invalid UTF-8 sequence" in told, told


def speaks(server: ServerProcess, **fields: object) -> bool:
    """Whether it speaks a text that it has not spoken yet."""
    seed = int.from_bytes(os.urandom(4), "little")
    body = {"input": "好。", "seed": seed, "response_format": "pcm", **fields}
    with server.client() as client:
        reply = client.post("/v1/audio/speech", json=body)
    assert reply.status_code == 200, reply.text
    return len(reply.content) > 10_000


def post(path: str, **fields: object) -> bytes:
    """Return a request as it goes over the wire."""
    body = json.dumps(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def limit_files(server: ServerProcess, n_bytes: int) -> None:
    """Let a running process write no file longer than this; what is left of a full disk."""
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (n_bytes, hard))


@pytest.fixture(params=[0, 5000])
def full(server: ServerProcess, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """The server with no room on the disk, or with some for the beginning of a file."""
    limit_files(server, request.param)
    yield server
    limit_files(server, resource.RLIM_INFINITY)


def test_a_full_disk_is_told_where_a_file_was_asked_for_and_streams_go_on(full: ServerProcess, folder: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "little")
    with full.client() as client:
        reply = client.post("/api/tts", json={"text": TEXT, "seed": seed})
        assert (reply.status_code, reply.json()["error"]["code"]) == (500, "output")
        lines = client.post("/api/tts/stream", json={"text": TEXT, "seed": seed}).text.splitlines()
        assert json.loads(lines[-1]).get("code", json.loads(lines[-1]).get("error", {}).get("code")) == "output"
        streams = [client.post("/v1/audio/speech", json={"input": TEXT, "seed": seed, "response_format": "wav"}) for _ in "12"]
        assert [(one.status_code, one.content == streams[0].content) for one in streams] == [(200, True)] * 2
        limit_files(full, resource.RLIM_INFINITY)
        assert client.post("/api/tts", json={"text": TEXT, "seed": seed}).status_code == 200, "there is room again"
    assert not list(folder.rglob("*.partial"))


def test_finished_audio_that_somebody_deletes_is_made_again(server: ServerProcess, folder: Path) -> None:
    """As those do that clean up folders of temporary files."""
    texts = [{"text": TEXT, "seed": 1}, {"text": TEXT, "seed": 2}]
    stream = {"input": TEXT, "seed": 1}
    with server.client() as client:
        url = client.post("/api/tts", json=texts[0]).json()["audio_url"]
        first = client.post("/v1/audio/speech", json=stream).content
        for file in [entry for entry in folder.rglob("*") if entry.is_file()]:
            file.unlink()
        assert client.get(url).status_code == 404
        assert client.post("/v1/audio/speech", json=stream).content == first
        for body in texts:
            reply = client.post("/api/tts", json=body)
            assert reply.status_code == 200, reply.text
            assert client.get(reply.json()["audio_url"]).status_code == 200


def test_files_of_voices_that_are_cut_short_while_the_server_runs(server: ServerProcess, home: Path) -> None:
    """The voice that is open speaks on, one that is opened later is refused with its reason, the others speak."""
    for name in ("default", "later"):
        for file in (*home.glob(f"voices/{name}/**/*.safetensors"), *home.glob(f"voices/{name}/**/*.onnx")):
            os.truncate(file, 1000)
    assert speaks(server, voice="default")
    for _ in range(2):
        with server.client() as client:
            reply = client.post("/v1/audio/speech", json={"input": TEXT, "voice": "later"})
        error = reply.json()["error"]
        assert (reply.status_code, error["type"]) == (500, "server_error")
        assert "\n" not in error["message"]
    assert speaks(server, voice="spare")
    assert speaks(server, voice="default")


def test_a_client_that_leaves_stops_the_work_which_is_counted(server: ServerProcess) -> None:
    before = server.gauge("tingshuo_cancelled_audio_seconds_total")
    with server.client() as client, client.stream("POST", "/v1/audio/speech", json={"input": LONG}) as reply:
        next(reply.iter_raw())
    wait_until(lambda: server.gauge("tingshuo_active_requests") == 0)
    assert 0 < server.gauge("tingshuo_cancelled_audio_seconds_total") - before < 400


def taking_slowly(connection, server: ServerProcess, *, alone: bool) -> None:
    """Read a byte at a time, with others served between them, until the server has let go."""
    connection.recv(1)
    begun = time.monotonic()
    while server.holds(connection):
        assert time.monotonic() - begun < PATIENCE_S, "it is not cut off"
        assert alone or speaks(server)
        connection.settimeout(0.05)
        try:
            connection.recv(1)
        except TimeoutError:
            pass
        except ConnectionResetError:
            return


def test_a_stream_that_is_read_byte_by_byte_is_cut_off_and_others_are_served(server: ServerProcess) -> None:
    with raw(server, room=4096) as connection:
        connection.sendall(post("/v1/audio/speech", input=LONG, response_format="wav"))
        taking_slowly(connection, server, alone=False)
        wait_until(lambda: server.gauge("tingshuo_active_requests") == 0)


def test_a_file_that_is_read_byte_by_byte_is_cut_off(server: ServerProcess) -> None:
    with server.client() as client:
        url = client.post("/api/tts", json={"text": LONG}).json()["audio_url"]
        before = len(client.get(url).content)
    with raw(server, room=4096) as connection:
        connection.sendall(f"GET {url} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        taking_slowly(connection, server, alone=True)
    with server.client() as client:
        assert len(client.get(url).content) == before > 10_000_000


def test_a_socket_that_is_read_byte_by_byte_is_cut_off(server: ServerProcess) -> None:
    with raw(server, room=4096) as connection:
        upgrade(connection)
        connection.sendall(frame(1, json.dumps({"type": "input.text", "text": LONG}).encode()))
        connection.sendall(frame(1, b'{"type": "input.done"}'))
        taking_slowly(connection, server, alone=True)


HALF = {
    "the head": b"POST /api/tts HTTP/1.1\r\nhost: x\r\n",
    "the body": b"POST /api/tts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
    "a body that no route reads": b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n",
    "a body for nobody": b"POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("case", HALF)
def test_a_request_that_comes_byte_by_byte_is_let_go(server: ServerProcess, case: str) -> None:
    more = iter(b"x: " + b"a" * 1000 if case == "the head" else b"1\r\na\r\n" * 200 if "nobody" in case else b" " * 1000)
    with raw(server) as connection:
        connection.sendall(HALF[case])
        connection.settimeout(0.05)
        reply = b""
        while server.holds(connection):  # or there is no more to send, and the test ends with that
            try:
                connection.sendall(bytes([next(more)]))
                reply += connection.recv(1000)
            except TimeoutError:
                pass
            except OSError:
                break
    statuses = {"the head": b"", "the body": b"408", "a body that no route reads": b"200", "a body for nobody": b"404"}
    assert reply[9:12] in (statuses[case], b""), reply


JSON = '{"input": "好。", "response_format": "pcm"}'.encode()
SPEECH = b"POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
GET, CLOSE = b"GET /healthz HTTP/1.1\r\nhost: x\r\n", b"connection: close\r\n\r\n"
CHUNKED = SPEECH + b"transfer-encoding: chunked\r\n\r\n"
SOCKET = (
    b"connection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)
PATH = b" /v1/audio/speech/stream HTTP/1.1\r\nhost: x\r\n"
MALFORMED: dict[str, tuple[bytes, int]] = {
    "bytes that are no HTTP": (b"\x00\xff\x16\x03\x01 what\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n", 400),
    "a header of 600 kB": (GET + b"x: " + b"a" * 600_000 + b"\r\n\r\n", 400),
    "five thousand headers": (GET + b"".join(b"x%d: a\r\n" % n for n in range(5000)) + CLOSE, 200),
    "a request and garbage behind it": (GET + b"\r\n\x00\x01garbage\r\n\r\n", 200),
    "two requests at once": (GET + b"\r\n" + GET + CLOSE, 200),
    "a chunk whose size is no number": (CHUNKED + b"zz\r\n" + JSON + b"\r\n0\r\n\r\n", 400),
    "a chunk that is longer than it says": (CHUNKED + b"2\r\n" + JSON + b"\r\n0\r\n\r\n", 400),
    "a chunk of 2^84 bytes": (CHUNKED + b"f" * 21 + b"\r\n" + JSON, 400),
    "a chunk of less than nothing": (CHUNKED + b"-5\r\n" + JSON + b"\r\n0\r\n\r\n", 400),
    "chunks that are wrong after the reply": (
        b"POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        400,
    ),
    "two lengths": (SPEECH + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + JSON, 400),
    "a length below zero": (SPEECH + b"content-length: -5\r\n\r\n" + JSON, 400),
    "a length in words": (SPEECH + b"content-length: many\r\n\r\n" + JSON, 400),
    "a length of 10^23": (SPEECH + b"content-length: 99999999999999999999999\r\n\r\n" + JSON, 400),
    "a length of a gigabyte": (SPEECH + b"content-length: 1000000000\r\n" + CLOSE + JSON, 413),
    "a length that is too short": (SPEECH + b"content-length: 5\r\n" + CLOSE + JSON, 400),
    "HTTP/1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    "HTTP/1.0 that wants speech": (SPEECH.replace(b"1.1", b"1.0") + b"content-length: %d\r\n\r\n" % len(JSON) + JSON, 200),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", 400),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404),
    "no host": (b"GET /healthz HTTP/1.1\r\n" + CLOSE, 400),
    "two hosts": (GET + b"host: y\r\n" + CLOSE, 400),
    "HEAD": (b"HEAD /healthz HTTP/1.1\r\nhost: x\r\n" + CLOSE, 200),
    "HEAD of speech": (b"HEAD /v1/audio/speech HTTP/1.1\r\nhost: x\r\n" + CLOSE, 405),
    "Expect: 100-continue": (SPEECH + b"expect: 100-continue\r\ncontent-length: %d\r\n" % len(JSON) + CLOSE + JSON, 100),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n" + CLOSE, 404),
    "TRACE": (b"TRACE / HTTP/1.1\r\nhost: x\r\n" + CLOSE, 405),
    "OPTIONS of all": (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n" + CLOSE, 404),
    "a path out of the root": (b"GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\n" + CLOSE, 404),
    "a path of 60 kB": (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: x\r\n" + CLOSE, 404),
    "a path that is no text": (b"GET /\xff\xfe/%00%zz HTTP/1.1\r\nhost: x\r\n" + CLOSE, 400),
    "a path with an escaped NUL": (b"GET /api/audio/%00%zz HTTP/1.1\r\nhost: x\r\n" + CLOSE, 404),
    "a NUL in a header": (GET + b"a: b\0c\r\n" + CLOSE, 400),
    "a header that is no text": (GET + b"x-request-id: \xff\xfe\r\n" + CLOSE, 200),
    "a body that is packed in an unknown way": (SPEECH + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "an upgrade to HTTP/2": (GET + b"upgrade: h2c\r\n" + CLOSE, 200),
    "a socket where there is none": (GET + SOCKET, 403),
    "a socket without its key": (b"GET" + PATH + SOCKET.replace(b"sec-websocket-key", b"x"), 400),
    "a socket of another version": (b"GET" + PATH + SOCKET.replace(b": 13", b": 99"), 400),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_request_is_answered_and_closed(server: ServerProcess, case: str) -> None:
    data, status = MALFORMED[case]
    with raw(server) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before it was all there
            connection.sendall(data)
        reply = everything(connection)
    assert reply.startswith(f"HTTP/1.1 {status} ".encode()), reply[:200]


def frame(
    opcode: int, data: bytes, *, last: bool = True, masked: bool = True, length: int | None = None, reserved: int = 0
) -> bytes:
    """Return a frame of a web socket (RFC 6455, section 5.2), masked with zeros."""
    n, mask = len(data) if length is None else length, 0x80 if masked else 0
    size = (
        bytes([mask | n])
        if n < 126
        else bytes([mask | 126, *n.to_bytes(2)])
        if n < 1 << 16
        else bytes([mask | 127, *n.to_bytes(8)])
    )
    return bytes([last << 7 | reserved << 4 | opcode]) + size + (b"\0" * 4 if masked else b"") + data


def upgrade(connection) -> None:
    """Make a web socket of a connection."""
    connection.sendall(b"GET" + PATH + SOCKET)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")


FRAMES: dict[str, tuple[bytes, int]] = {
    "not masked": (frame(1, b"{}", masked=False), 1002),
    "larger than allowed": (frame(1, b"a" * 1_100_000), 1009),
    "larger than allowed, by its word": (frame(1, b"a", length=1 << 62), 1009),
    "larger than allowed, in parts": (frame(1, b"a" * 600_000, last=False) + frame(0, b"a" * 600_000), 1009),
    "with bits of no extension": (frame(1, b"{}", reserved=4), 1002),
    "of no kind": (frame(5, b"{}"), 1002),
    "a ping that is too long": (frame(9, b"a" * 200), 1002),
    "the rest of nothing": (frame(0, b"{}"), 1002),
    "text that is none": (frame(1, b"\xff\xfe"), 1007),
    "an end of one byte": (frame(8, b"\x03"), 1002),
    "an end with an odd code": (frame(8, b"\x00\x01"), 1002),
    "HTTP": (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", 1002),
}


@pytest.mark.parametrize("case", FRAMES)
def test_a_frame_that_is_none_ends_the_socket_with_its_code(server: ServerProcess, case: str) -> None:
    data, code = FRAMES[case]
    with raw(server) as connection:
        upgrade(connection)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before it was all there
            connection.sendall(data)
        reply = everything(connection)
    assert reply[:1] == b"\x88", reply
    assert int.from_bytes(reply[2:4]) == code


def test_redis_is_killed_and_comes_back(home: Path, tmp_path: Path) -> None:
    """Every request is answered; the log says once that it is gone, once that it is back, and then it counts again."""
    pytest.importorskip("redis")
    executable = shutil.which("redis-server")
    if executable is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    redis = Redis(executable, str(tmp_path))
    redis.start()
    try:
        with server_process("--redis", redis.url, "--rate", "100000/hour", first=IMPATIENT) as server, server.client() as client:

            def left() -> int:
                reply = client.get("/v1/models")
                assert reply.status_code == 200
                return int(reply.headers["ratelimit-remaining"])

            before = left()
            assert left() == before - 1
            assert redis._process is not None
            redis._process.kill()
            redis.stop()
            assert left() == 99_999, "counted anew, in the process"
            assert speaks(server)
            server.says("this server counts requests alone until it is back")
            redis.start()
            wait_until(lambda: left() >= 0 and any("is back\n" in line and "cache" not in line for line in server.said[1:]))
            assert left() == left() + 1
            assert len([line for line in server.said if "cache" not in line]) == 2, server.said
    finally:
        redis.stop()


def test_a_clock_that_jumps_by_a_day_stops_nothing(tmp_path: Path) -> None:
    """Streams and rates go on, audio that seems to be a day old is made again, the record is written, the end is in order."""
    record = tmp_path / "audit.jsonl"
    with server_process("--rate", "1000/hour", "--audit", str(record), first=CLOCK) as server, server.client() as client:
        assert client.post("/api/tts", json={"text": TEXT}).status_code == 200
        left = 999
        for jump in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2):  # a day forth, back, and another back
            with client.stream(
                "POST", "/v1/audio/speech", json={"input": TEXT * 3, "seed": jump, "response_format": "pcm"}
            ) as reply:
                parts = reply.iter_raw()
                n_bytes = len(next(parts))
                server.process.send_signal(jump)
                n_bytes += sum(map(len, parts))
            assert (reply.status_code, n_bytes > 100_000) == (200, True)
            again = client.post("/api/tts", json={"text": TEXT})
            assert client.get(again.json()["audio_url"]).status_code == 200
            left -= 2
            assert int(again.headers["ratelimit-remaining"]) == left
            assert 0 < int(again.headers["ratelimit-reset"]) <= 3600
            left -= 1
    assert len(record.read_text("utf-8").splitlines()) >= 10
    assert not server.said


def test_a_form_for_signing_in_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json", "shop")
    with server_process("--keys", str(tmp_path / "keys.json"), first=IMPATIENT) as server, raw(server) as connection:
        connection.sendall(b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nkey=")
        assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_sockets_end_without_a_word_in_the_log(server: ServerProcess) -> None:
    """Those that are closed in order, and those that are not."""
    url = f"ws{server.url.removeprefix('http')}/v1/audio/speech/stream"
    with connect(url) as polite:
        polite.send("{}")
        assert json.loads(polite.recv())["type"] == "error"
    with raw(server) as rude:
        upgrade(rude)
        rude.sendall(frame(1, json.dumps({"type": "input.text", "text": LONG}).encode()))
        rude.recv(1)
    wait_until(lambda: server.gauge("tingshuo_active_requests") == 0)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert not server.said
