"""Spans of requests, where somebody wants them."""

import sys
import time

import pytest

from tingshuo.app.http import server, tracing
from tingshuo.app.http.tracing import ENDPOINTS, open_provider


def test_nobody_is_traced_unless_an_endpoint_is_named(monkeypatch, caplog):
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert open_provider() is None
    assert not caplog.text


def test_without_the_sdk_it_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert open_provider() is None
    assert "pip install 'tingshuo[otel]'" in caplog.text


@pytest.fixture
def traced(service, serve, monkeypatch):
    """A client of a traced server, and where the spans go."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(memory))
    monkeypatch.setattr(server, "open_provider", lambda: provider)
    with serve(service) as client:
        while not service.ready:
            assert service.failure is None
        yield client, memory


def finished(memory, count):
    """The spans, when there are so many: the reply is with the client before its span has ended."""
    while len(memory.get_finished_spans()) < count:
        time.sleep(0.005)
    return memory.get_finished_spans()


def test_a_request_is_a_span_with_its_stages(traced):
    client, memory = traced
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    assert client.post("/api/tts", json={"text": "一个秘密。"}, headers=headers).status_code == 200
    *children, root = finished(memory, 1 + len(tracing.STAGES))
    assert root.name == "POST /api/tts"
    assert (root.attributes["http.route"], root.attributes["http.response.status_code"]) == ("/api/tts", 200)
    assert f"{root.context.trace_id:032x}" == trace
    assert [child.name for child in children] == list(tracing.STAGES)
    assert {child.parent.span_id for child in children} == {root.context.span_id}
    assert children[0].start_time == root.start_time
    assert round((children[4].end_time - children[4].start_time) / 1e6) == 3  # milliseconds in the vocoder
    assert "秘密" not in "".join(span.to_json(indent=None) for span in (*children, root)).encode().decode("unicode_escape")


def test_errors_and_paths_that_are_no_route(traced, fake_voice):
    def bug(_):
        raise ZeroDivisionError

    client, memory = traced
    client.get("/nowhere/secret")
    fake_voice.before_chunk = bug
    client.post("/api/tts", json={"text": "好。"})
    nowhere, broken = finished(memory, 2)
    assert (nowhere.name, nowhere.attributes["http.response.status_code"], nowhere.status.is_ok) == ("GET", 404, True)
    assert (broken.name, broken.status.is_ok) == ("POST /api/tts", False)


def test_the_provider_sends_by_otlp(monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "voices")
    provider = open_provider()
    assert provider.resource.attributes["service.name"] == "voices"
    provider.shutdown()
