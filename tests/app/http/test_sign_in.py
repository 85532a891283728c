"""A browser shows its key once and gets a cookie."""

import re

import pytest

from tingshuo.app.http.sign_in import MAX_FORM_BYTES, PATH, cookie_of
from tingshuo.serve.access.gate import SESSION_COOKIE, Gate
from tingshuo.serve.access.keys import add_key, revoke_key
from tingshuo.serve.access.networks import parse_networks
from tingshuo.serve.access.ring import KeyRing

TEXT = {"text": "今天天气真好。"}


@pytest.fixture
def path(tmp_path):
    add_key(tmp_path / "server.json", "somebody else")
    return tmp_path / "server.json"


def test_the_page_leads_to_the_form_and_the_form_to_the_page(service, path, serve_guarded):
    _, token = add_key(path, "page")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        led = client.get("/")
        assert (led.status_code, led.headers["location"]) == (303, "sign-in")
        form = client.get(PATH)
        assert "密钥" in form.text
        assert form.headers["referrer-policy"] == "same-origin"
        assert "form-action 'self'" in form.headers["content-security-policy"]
        assert "<script" not in form.text
        entered = client.post(PATH, data={"key": f" {token}\n"})
        assert (entered.status_code, entered.headers["location"]) == (303, "./")
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith(f"{SESSION_COOKIE}=")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} < {part.strip() for part in cookie.split(";")}
        assert "Secure" not in cookie, "it came over plain HTTP"
        assert token not in cookie
        assert client.get("/").status_code == 200
        spoken = client.post("/api/tts", json=TEXT).json()
        assert client.get(spoken["audio_url"]).content[:4] == b"RIFF", "an audio element sends no header"
        left = client.post("/sign-out")
        assert (left.status_code, left.headers["location"]) == (303, "sign-in")
        assert client.post("/api/tts", json=TEXT).status_code == 401


@pytest.mark.parametrize("typed", ["", "wrong", "ts_abcdefgh_x", "ключ", "x" * 500, "<script>"])
def test_a_wrong_key_gets_the_form_again(service, path, serve_guarded, typed):
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        reply = client.post(PATH, data={"key": typed})
        assert reply.status_code == 401
        assert 'id="trouble"' in reply.text
        assert "set-cookie" not in reply.headers
        assert "<script>" not in reply.text


def test_a_key_that_may_not_be_used_from_here(service, path, serve_guarded):
    _, token = add_key(path, "page", networks=["10.0.0.0/8"])
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        reply = client.post(PATH, data={"key": token})
        assert (reply.status_code, "may not be used from here" in reply.text) == (403, True)


def test_a_form_without_end_is_refused(service, path, serve_guarded):
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        for content in (b"key=" + b"x" * MAX_FORM_BYTES, iter([b"key=", b"x" * MAX_FORM_BYTES])):
            reply = client.post(PATH, content=content, headers={"connection": "close"})
            assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")


def test_a_cookie_ends_with_its_key(service, path, serve_guarded):
    key, token = add_key(path, "page")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        client.post(PATH, data={"key": token})
        assert client.get("/api/voices").status_code == 200
        revoke_key(path, key.id)
        assert client.get("/api/voices").status_code == 401
        assert client.get("/").status_code == 303


def test_a_cookie_is_good_for_our_own_page_alone(service, path, serve_guarded):
    _, token = add_key(path, "page")
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        client.post(PATH, data={"key": token})
        here = str(client.base_url).rstrip("/")
        for headers, status in (
            ({"sec-fetch-site": "same-origin"}, 200),
            ({"sec-fetch-site": "none"}, 200),
            ({"sec-fetch-site": "same-site"}, 401),
            ({"sec-fetch-site": "cross-site"}, 401),
            ({"origin": here}, 200),
            ({"origin": "http://127.0.0.1:1"}, 401),
            ({"origin": "null"}, 401),
        ):
            assert client.post("/api/tts", json=TEXT, headers=headers).status_code == status, headers
        forged = client.post(PATH, data={"key": token}, headers={"origin": "http://evil.example"})
        assert forged.status_code == 403


def test_the_cookie_is_for_tls_alone_when_it_came_by_it(service, path, serve_guarded):
    _, token = add_key(path, "page")
    with serve_guarded(service, Gate(KeyRing(path), trusted=parse_networks(["127.0.0.1"]))) as client:
        by_tls = client.post(PATH, data={"key": token}, headers={"x-forwarded-proto": "https"})
        assert re.search(r"; Secure\b", by_tls.headers["set-cookie"])
    with serve_guarded(service, Gate(KeyRing(path))) as client:
        said = client.post(PATH, data={"key": token}, headers={"x-forwarded-proto": "https"})
        assert "Secure" not in said.headers["set-cookie"], "nobody is trusted to say so"


@pytest.mark.parametrize("header", ["", "x", "=", ";;;", f"{SESSION_COOKIE}", "a=b; \x00=c", "x" * 10_000])
def test_what_is_no_cookie_is_none(header):
    assert cookie_of({"cookie": header}) == ""


def test_the_cookie_is_found_among_others():
    assert cookie_of({"cookie": f'a b="c; é; {SESSION_COOKIE}=abc.d; c=d'}) == "abc.d"
