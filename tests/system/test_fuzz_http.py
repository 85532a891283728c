"""Whatever comes in over HTTP, no reply is the server's fault: requests drawn from the description of the API, texts of all of
Unicode, odd headers, odd messages on a socket. The voice is made of tones, but the text is read as for a real one. What is drawn
is the same in every run."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.app.conftest import serving, wait_until_ready
from tests.serve.fake_voice import FakeVoice, service_of
from websockets.sync.client import connect

from tingshuo.app.http.protocol import PatientProtocol
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice
from tingshuo.text.frontend import Frontend
from tingshuo.types import MAX_CHARACTERS, SpeechRequest

DRAWN = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
FEW, MANY = settings(DRAWN, max_examples=25), settings(DRAWN, max_examples=150)
TEXTS, SPEECH = ("/api/tts", "/api/tts/stream"), "/v1/audio/speech"
PATHS = ("/api/voices", "/api/audio/x", "/v1/models", "/readyz", "/metrics", "/", "/openapi.json", "/nowhere")
PATIENCE_S = 60.0


class Reader(FakeVoice):
    """Speaks in tones, after it has read the beginning of the text as a voice does."""

    def prepare(self, request: SpeechRequest) -> None:
        """Refuse what the front-end refuses."""
        super().prepare(request)
        for _ in islice(Frontend().sentences(request.text), 3):
            pass


@contextmanager
def server_of(voice: FakeVoice) -> Iterator[httpx.Client]:
    """Serve a voice as `tingshuo serve` does, in this process."""
    service = service_of(voice, open_bundle(find_voice("default")))
    with serving(service, http=PatientProtocol) as client:
        wait_until_ready(client, service)
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with server_of(Reader()) as client:
        yield client


def is_fault(status: int, code: object) -> bool:
    """Whether a status says that the server is to blame: not when it is busy, or has no encoder for AAC."""
    return status >= 500 and status != 503 and (status, code) != (501, "encoder_not_installed")


def check(status: int, content: bytes) -> None:
    """Fail for a reply that is the server's fault, or that has no sentence about what is wrong."""
    error = json.loads(content).get("error", {}) if content[:9] == b'{"error":' else {}
    assert not is_fault(status, error.get("code")), (status, content[:300])
    if error:
        assert error["message"]
        assert "\n" not in error["message"], error


def operations(client: httpx.Client) -> list[Any]:
    """Return what the description of the API offers."""
    schemathesis = pytest.importorskip("schemathesis")
    api = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
    return [found.ok() for found in api.get_all_operations()]


def drive(operation: Any, *, wrong: bool, seen: list[int]) -> None:
    """Send requests that an operation's description allows, or does not allow."""
    from schemathesis import GenerationMode

    @FEW
    @given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE if wrong else GenerationMode.POSITIVE))
    def send(case: Any) -> None:
        reply = case.call()
        seen.append(reply.status_code)
        check(reply.status_code, reply.content)

    send()


def test_what_the_description_of_the_api_allows_and_what_it_does_not(client: httpx.Client) -> None:
    seen: dict[str, list[int]] = {}
    for operation in operations(client):
        found = seen[operation.path] = []
        drive(operation, wrong=False, seen=found)
        if operation.body:
            drive(operation, wrong=True, seen=found)
    assert {200, 400, 404, 422} <= {status for found in seen.values() for status in found}
    assert len(seen) > 8
    assert len(seen["/api/tts"]) > 25


def test_a_planted_bug_is_found() -> None:
    """Or the test above would prove nothing."""
    voice = FakeVoice()
    with server_of(voice) as client:
        voice.before_chunk = lambda _: 1 // 0
        operation = next(one for one in operations(client) if one.path == "/api/tts")
        with pytest.raises(AssertionError, match="500"):
            drive(operation, wrong=False, seen=[])


def test_after_a_bug_the_next_request_is_served() -> None:
    """On a connection that the client keeps open, if it may."""
    voice = FakeVoice()
    with server_of(voice) as client:
        for path in (*TEXTS, SPEECH):
            for seed in range(5):
                voice.before_chunk = lambda _: 1 // 0
                body = {"input" if path == SPEECH else "text": "好。", "seed": seed}
                assert client.post(path, json=body).status_code == 500
                voice.before_chunk = lambda _: None
                assert client.post(path, json=body).status_code == 200


PIECES = (
    "<speak>", "</speak>", "<break time='1s'/>", "<break time='-1s'/>", "<prosody rate='", "200%'>", "</prosody>", "<p>", "</p>",
    "<phoneme alphabet='py' ph='hao3'>", "</phoneme>", "<say-as interpret-as='date'>", "</say-as>", "<sub alias='", "'/>", "好",
    "<![CDATA[", "]]>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "&#0;", "&#xD800;", "<!--", "-->", "<?x?>", "2026-11-22",
)  # fmt: skip
MARKUP = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
NUMBERS = st.from_regex(r"[0-9零一二〇百千万亿.,:/%$¥€°+\-−²³½①～]{1,60}", fullmatch=True)
LETTERS = st.characters(codec="utf-8")
CONTROL = st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Mn", "Me"]), max_size=50)
LENGTHS = st.sampled_from([1000, MAX_CHARACTERS, MAX_CHARACTERS + 1, 400_000])
ENDLESS = st.tuples(st.text(LETTERS, min_size=1, max_size=3), LENGTHS).map(lambda drawn: (drawn[0] * drawn[1])[: drawn[1]])
TEXT = st.one_of(st.text(LETTERS, max_size=200), MARKUP, MARKUP.map("<speak>{}</speak>".format), NUMBERS, CONTROL)
STRANGE = st.text(st.characters(), max_size=20)  # with halves of characters


def post(client: httpx.Client, path: str, body: object) -> None:
    reply = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    check(reply.status_code, reply.content)


@MANY
@given(text=st.one_of(TEXT, STRANGE), path=st.sampled_from([*TEXTS, SPEECH]))
def test_texts(client: httpx.Client, text: str, path: str) -> None:
    post(client, path, {"input" if path == SPEECH else "text": text})


@settings(DRAWN, max_examples=12)
@given(text=ENDLESS)
def test_texts_without_end(client: httpx.Client, text: str) -> None:
    """The first sentence is enough: the client leaves then."""
    body = json.dumps({"input": text, "response_format": "pcm"})
    with client.stream("POST", SPEECH, content=body, headers={"content-type": "application/json"}) as reply:
        content = next(reply.iter_raw(), b"")
        check(reply.status_code, content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | STRANGE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRANGE, inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "text",
    "input",
    "voice",
    "format",
    "emotion",
    "strength",
    "speed",
    "pitch",
    "volume",
    "style",
    "speaker",
    "seed",
    "label",
)


@MANY
@given(fields=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), path=st.sampled_from([*TEXTS, SPEECH]))
def test_fields_of_any_type(client: httpx.Client, fields: dict[str, object], path: str) -> None:
    post(client, path, {"input" if path == SPEECH else "text": "好。"} | fields)


@MANY
@given(
    content=st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())),
    path=st.sampled_from([*TEXTS, SPEECH]),
)
def test_bodies_of_any_bytes(client: httpx.Client, content: bytes, path: str) -> None:
    reply = client.post(path, content=content, headers={"content-type": "application/json"})
    check(reply.status_code, reply.content)


HEADERS = (
    "range", "accept", "content-type", "x-request-id", "authorization", "cookie", "if-none-match", "if-range", "origin",
    "x-api-key", "accept-encoding", "content-encoding", "x-forwarded-for", "x-forwarded-proto",
    "sec-fetch-site", "x-totp", "x-admin-session",
    "access-control-request-method", "forwarded", "host", "te", "expect",
)  # fmt: skip
PRINTABLE = st.binary(max_size=60).map(lambda drawn: bytes(c for c in drawn if c == 9 or 32 <= c < 127 or c > 127).strip())
RANGE = st.from_regex(rb"(bytes|items)=([0-9]{0,25}-[0-9]{0,25},? ?){0,6}", fullmatch=True)
CREDENTIAL = st.from_regex(rb"(Bearer|Basic|bearer) (ts_[a-z0-9]{8}_)?[ -~]{0,60}", fullmatch=True)
COOKIE = st.from_regex(rb"(tingshuo_session=[a-z.0-9]{0,250};? ?|[ -~]{0,20};){0,4}", fullmatch=True)
VALUE = st.one_of(PRINTABLE, RANGE, CREDENTIAL, COOKIE, st.sampled_from([b"application/json; charset=utf-16", b"*", b"a" * 5000]))


def ask(client: httpx.Client, method: str, path: str, headers: list[tuple[str, bytes]], body: bytes = b"") -> None:
    """Send headers as they are, also those that a client with manners would not."""
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=PATIENCE_S)
    try:
        connection.putrequest(method, path, skip_host=any(name == "host" for name, _ in headers), skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        check(reply.status, reply.read())
    finally:
        connection.close()


@MANY
@given(
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), VALUE), max_size=5),
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE", "POST"]),
    path=st.sampled_from(PATHS),
)
def test_headers(client: httpx.Client, headers: list[tuple[str, bytes]], method: str, path: str) -> None:
    ask(client, method, path, headers)


@MANY
@given(range_=st.one_of(RANGE, PRINTABLE), more=st.lists(st.tuples(st.sampled_from(HEADERS), VALUE), max_size=2))
def test_ranges_of_finished_audio(client: httpx.Client, range_: bytes, more: list[tuple[str, bytes]]) -> None:
    url = client.post("/api/tts", json={"text": "好。"}).json()["audio_url"]
    ask(client, "GET", url, [("range", range_), *more])


MESSAGE = st.one_of(
    st.fixed_dictionaries({"type": st.just("input.text"), "text": st.one_of(TEXT, STRANGE)}),
    st.fixed_dictionaries({"type": st.just("session.config")}, optional=dict.fromkeys((*FIELDS, "response_format"), JSON)),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["input.done", "input.cancel", "input.text", "session.config"])}, optional={"x": JSON}
    ),
    JSON,
).map(json.dumps)
LAST = '{"type": "is that all"}'


@MANY
@given(
    messages=st.lists(
        st.one_of(MESSAGE, st.binary(max_size=100), STRANGE.map(lambda text: text.encode("utf-8", "replace"))), max_size=8
    )
)
def test_messages_on_a_socket(client: httpx.Client, messages: list[str | bytes]) -> None:
    """Each that is wrong gets its error; the connection stays, and hears the next."""
    with connect(f"ws://{client.base_url.netloc.decode()}/v1/audio/speech/stream", close_timeout=PATIENCE_S) as socket:
        for message in (*messages, LAST):
            socket.send(message)
        while True:
            reply = socket.recv(PATIENCE_S)
            told = {} if isinstance(reply, bytes) else json.loads(reply)
            if told.get("type") == "error":
                error = told["error"]
                assert error["type"] != "server_error" or error["code"] in ("busy", "encoder_not_installed"), error
                if "is that all" in error["message"]:
                    return


def test_nothing_of_all_that_is_under_way(client: httpx.Client) -> None:
    for _ in range(1000):
        if "\ntingshuo_active_requests 0.0\n" in client.get("/metrics").text:
            return
    pytest.fail("requests are still under way")
