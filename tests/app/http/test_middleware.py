"""HEAD, and requests that the server's end cuts off."""

import asyncio

import pytest

from tingshuo.app.http.middleware import CutOff


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/readyz", "/v1/models", "/openapi.json", "/api/voices"])
def test_head_is_get_without_its_body(shared_client, path):
    get, head = shared_client.get(path), shared_client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"]


def test_a_wrong_method_is_told_the_right_ones(shared_client):
    for method, path, allowed in (
        ("POST", "/api/audio/x", "GET, HEAD"),
        ("GET", "/api/tts", "POST"),
        ("HEAD", "/api/tts", "POST"),
    ):
        reply = shared_client.request(method, path)
        assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert "does not take DELETE; accepted: GET, HEAD" in shared_client.delete("/healthz").json()["error"]["message"]


def test_a_request_that_is_cut_off_is_one_line(caplog):
    async def app(scope, receive, send):
        await asyncio.Event().wait()

    async def stop() -> None:
        task = asyncio.ensure_future(CutOff(app)({"type": "http", "method": "POST", "path": "/api/tts"}, None, None))
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(stop())
    assert caplog.messages == ["the server stops: a reply to POST /api/tts was cut off"]


def test_the_end_of_the_applications_own_life_is_not_held_up():
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(CutOff(app)({"type": "lifespan"}, None, None))
