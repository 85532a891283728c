"""``serve``: what it refuses before it starts; that it serves is in the system tests."""

import pytest

from tingshuo.app.cli.serve import _settings
from tingshuo.app.http.addresses import listen
from tingshuo.app.http.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--voice", "nobody"), 2, "unknown voice 'nobody'"),
        (("--threads", "0"), 2, "threads must be at least 1"),
        (("--workers", "-1"), 2, "workers must be 0 (by the cores) to 256"),
        (("--workers", "2", "--voice", "nobody"), 2, "unknown voice 'nobody'"),
        (("--grace", "0"), 2, "grace must be more than 0 seconds"),
        (("--profile", "moon"), 2, "unknown profile 'moon'"),
        (("--graph-threads", "-1"), 2, "graph_threads must be 0 (the cores) or more"),
        (("--chunk", "1000"), 2, "chunk must be"),
        (("--cache-mb", "0"), 2, "cache_mb must be at least 1"),
        (("--preload", "nobody"), 2, "unknown voice 'nobody' to open at the start"),
        (("--listener", "nobody"), 2, "unknown recogniser 'nobody'"),
        (("--upload-mb", "0"), 2, "upload_mb must be at least 1"),
        (("--label", "none"), 2, "only under an agreement"),
        (("--max-wait", "0"), 2, "max_wait must be more than 0 seconds"),
        (("--max-wait", "nan"), 2, "max_wait must be more than 0 seconds"),
        (("--lead", "-1"), 2, "lead must be more than 0 seconds"),
        (("--log-level", "loud"), 2, "accepted: critical, error, warning, info, debug"),
        (("--port", "99999"), 2, "cannot listen on 127.0.0.1:99999"),
        (("--host", "203.0.113.1"), 2, "cannot listen on 203.0.113.1:7000"),
    ],
)
def test_bad_options_are_one_line(tingshuo, arguments, code, message):
    done = tingshuo("serve", *arguments)
    assert (done.code, message in done.err, done.err.count("\n")) == (code, True, 1), done.err


def test_a_taken_port(tingshuo):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = tingshuo("serve", "--port", port)
    assert done.code == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another" in done.err


def test_what_is_said_counts_more_than_the_profile():
    said = {"max_wait": 3.0, "workers": None, "rate": ["1/second"], "preload": None, "paranoid": False}
    settings = _settings("edge", said)
    assert (settings.max_wait, settings.voice_memory_mb, settings.rate, settings.preload) == (3.0, 300, ("1/second",), ())
    assert _settings(None, {"workers": 3}) == Settings(workers=3)


@pytest.mark.parametrize(
    ("options", "noted"), [(("--host", "0.0.0.0"), True), (("--host", "0.0.0.0", "--producer", "we"), False), ((), False)]
)
def test_whoever_serves_others_is_told_to_say_who_he_is(tingshuo, monkeypatch, options, noted):
    monkeypatch.delenv("TINGSHUO_PRODUCER", raising=False)
    done = tingshuo("serve", "--port", "0", "--voice", "nobody", *options)
    assert ("say who you are with --producer" in done.err) is noted
    assert "unknown voice 'nobody'" in done.err
