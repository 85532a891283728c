"""Every reply says what browsers may do with it."""

import asyncio

import pytest

from tingshuo.app.http.security_headers import HEADERS, HSTS, SecurityHeaders


def answer(scheme: str = "http", headers: dict[str, str] | None = None, kind: str = "http") -> dict[str, str]:
    """Return the headers of a reply that had some of its own."""
    sent = []

    async def app(scope, receive, send):
        own = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        start = "http.response.start" if kind == "http" else "websocket.http.response.start"
        await send({"type": start, "status": 200, "headers": own})

    async def send(message):
        sent.append(message)

    asyncio.run(SecurityHeaders(app)({"type": kind, "scheme": scheme}, None, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_every_reply_has_them():
    found = answer()
    assert found == HEADERS
    assert found["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert found["referrer-policy"] == "no-referrer"
    allowed = dict(one.split("=") for one in found["permissions-policy"].split(", "))
    assert allowed.pop("microphone") == "(self)", "the page has a view that listens"
    assert set(allowed.values()) == {"()"}


def test_what_a_reply_says_itself_stays():
    assert answer(headers={"content-security-policy": "script-src 'self'"})["content-security-policy"] == "script-src 'self'"


@pytest.mark.parametrize(("scheme", "there"), [("http", False), ("ws", False), ("https", True), ("wss", True)])
def test_strict_transport_is_asked_for_under_tls_alone(scheme, there):
    kind = "websocket" if scheme.startswith("ws") else "http"
    assert (answer(scheme, kind=kind).get("strict-transport-security") == HSTS) is there


def test_the_application_s_own_life_passes_untouched():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["type"], receive, send))

    asyncio.run(SecurityHeaders(app)({"type": "lifespan"}, 1, 2))
    assert seen == [("lifespan", 1, 2)]
