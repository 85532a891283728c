"""A server on this machine is told, and nothing that must stay here is sent."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from tingshuo.errors import DataError, OutputError, RequestError
from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.inputs import Drift
from tingshuo.tasks.monitor.webhook import alarm_event, check_webhook, drift_event, failure_event, send


@contextmanager
def serving(status=204, location=None):
    """Answer one request after another; yields the address and what was posted, by path."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret", posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_event_arrives():
    with serving() as (url, posted):
        send(url, {"event": "alarm", "voice": "声音"})
    assert posted == [("/secret", "application/json", {"event": "alarm", "voice": "声音"})]


def test_a_refusal_is_said_without_the_secret_part_of_the_address():
    with serving(500) as (url, _), pytest.raises(OutputError, match=r"the webhook at 127\.0\.0\.1 answered 500") as error:
        send(url, {})
    assert "secret" not in str(error.value)


def test_nobody_is_followed_elsewhere():
    with serving(302, "/elsewhere") as (url, posted), pytest.raises(OutputError, match="answered 302"):
        send(url, {})
    assert [path for path, *_ in posted] == ["/secret"]


def test_a_server_that_is_not_there_is_said():
    with serving() as (url, _):
        pass
    with pytest.raises(OutputError, match=r"the webhook at 127\.0\.0\.1 cannot be told: .*refused"):
        send(url, {})


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/hosts", "example.org", "https://", "http://[x"])
def test_other_addresses_are_refused(url):
    with pytest.raises(RequestError, match="must be an address such as"):
        check_webhook(url)


def test_an_alarm_has_its_figures_and_no_texts(keep):
    one = keep([{"rtf": 0.2, "dnsmos_ovrl": 3.0}], {"rtf": Band(None, 0.1), "mcd_db": Band(None, 3)})[0]
    event = alarm_event(one)
    assert (event["event"], event["voice"], event["version"], event["round"]) == ("alarm", "mine", "1.0.0", 1)
    assert event["figures"] == [
        {"name": "mcd_db", "value": None, "low": None, "high": 3, "verdict": "missing"},
        {"name": "rtf", "value": 0.2, "low": None, "high": 0.1, "verdict": "above"},
    ]
    assert "three texts" not in json.dumps(event, allow_nan=False)


def test_other_events_are_small_too():
    drift = Drift("f0_hz", (100, 50), (200.0, 120.0), 1.23456, 0.2, 0.5, 1e-9, "alarm")
    assert drift_event("mine", "1.0.0", (drift,))["quantities"] == [{"name": "f0_hz", "psi": 1.2346, "ks": 0.5, "p": 1e-9}]
    assert failure_event("mine", DataError("/secret/file")) == {"event": "failed", "voice": "mine", "error": "DataError"}
