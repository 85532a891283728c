"""``/docs``: complete, without scripts, without anything from elsewhere."""

import re

from tingshuo.app.http.reference import render


def test_every_route_is_there_with_its_fields(shared_client):
    openapi = shared_client.get("/openapi.json").json()
    page = shared_client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in openapi["paths"]:
        assert f"<code>{path}</code>" in page.text, path
    for field in ("text", "emotion", "response_format", "stream_format", "seed"):
        assert f"<code>{field}</code>" in page.text


def test_nothing_comes_from_elsewhere(shared_client):
    page = shared_client.get("/docs").text
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    for link in re.findall(r'href="([^"]+)"', page):
        assert shared_client.get(f"/{link.removeprefix('./')}").status_code == 200, link


def test_what_the_description_says_is_escaped():
    route = {"summary": "<b>", "description": "a `<i>` b\n\nsecond"}
    page = render({"info": {"title": "<T>", "version": "1"}, "paths": {"/x/{id}": {"get": route}}})
    assert "<T>" not in page
    assert "<b>&lt;b&gt;</b>" in page
    assert "<code>&lt;i&gt;</code>" in page
    assert "<p>second</p>" in page
    assert "curl http://127.0.0.1:7000/x/ID" in page


def test_a_form_has_its_fields_and_a_command_with_a_file(shared_client):
    page = shared_client.get("/docs").text
    part = page.split("<code>/v1/audio/transcriptions</code>")[1].split("<h2>")[0]
    assert "<code>response_format</code>" in part
    assert "curl http://127.0.0.1:7000/v1/audio/transcriptions -F file=@talk.wav" in part
