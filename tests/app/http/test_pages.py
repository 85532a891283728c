"""Static files: types, tags, policy, and no way to the disk."""

import pytest

from tingshuo.app.http.pages import POLICY, WEB, Page, read_pages


def test_the_page_and_all_its_files_are_served_with_their_types(shared_client):
    home = shared_client.get("/")
    assert home.status_code == 200
    assert home.headers["content-type"] == "text/html; charset=utf-8"
    for path in WEB.rglob("*.*"):
        name = path.relative_to(WEB).as_posix()
        reply = shared_client.get(f"/{name}")
        assert reply.content == path.read_bytes(), name
        kind = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}.get(path.suffix)
        assert kind is None or reply.headers["content-type"].startswith(kind), name


def test_pages_are_asked_for_again_but_not_sent_again(shared_client):
    home = shared_client.get("/")
    assert home.headers["cache-control"] == "no-cache"
    again = shared_client.get("/", headers={"if-none-match": home.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Page.of(b"a", "text/css").etag != Page.of(b"b", "text/css").etag
    assert shared_client.head("/").headers["etag"] == home.headers["etag"]


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline(shared_client):
    assert shared_client.get("/").headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path", ["/../server.py", "/..%2f..%2fhttp%2fserver.py", "/%2e%2e/http/server.py", "//etc/passwd", "/js/../../http/server.py"]
)
def test_no_path_leads_to_the_disk(shared_client, path):
    assert shared_client.get(path).status_code == 404


def test_hidden_files_are_not_served(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "a.woff2").write_bytes(b"x")
    (tmp_path / "index.html").write_text("x")
    pages = read_pages(tmp_path)
    assert set(pages) == {"", "a.woff2", "index.html"}
    assert pages["a.woff2"].media_type == "font/woff2"


def test_what_is_not_there_is_json(shared_client):
    reply = shared_client.get("/nothing")
    assert reply.status_code == 404
    assert "/nothing" in reply.json()["error"]["message"]
    wrong = shared_client.get("/api/tts")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert "does not take GET" in wrong.json()["error"]["message"]
    assert shared_client.delete("/api/voices").status_code == 405
