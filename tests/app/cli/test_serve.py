"""``serve``: what it refuses before it starts; that it serves is in the system tests."""

import pytest

from tingshuo.app.http.server import listen


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--voice", "nobody"), 2, "unknown voice 'nobody'"),
        (("--threads", "0"), 2, "threads must be at least 1"),
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
