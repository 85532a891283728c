"""The web page behind the gate, in a browser: the key is shown once, and then everything works as without keys."""

import pytest
from playwright.sync_api import expect
from tests.app.http.conftest import serving_guarded

from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import add_key
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.serve.opening import open_service

pytestmark = pytest.mark.browser

TEXT = "今天天气真好。"


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """Return the address of a server with the built-in voice that asks for keys, and a key."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    path = tmp_path / "server.json"
    _, token = add_key(path, "page")
    service = open_service(threads=1)
    service.voices = ScopedVoices(service.voices._load, service.voices.catalogue)
    with serving_guarded(service, Gate(KeyRing(path))) as client:
        yield str(client.base_url).rstrip("/"), token


def test_the_page_works_once_the_key_was_shown(browser, guarded):
    url, token = guarded
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20000)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    assert page.url == f"{url}/sign-in"
    page.fill("#key", "ts_abcdefgh_wrong")
    page.click("button")
    expect(page.locator("#trouble")).to_contain_text("没有成功")
    complaints.clear()  # the browser itself remarks that the reply was a 401
    page.fill("#key", token)
    page.click("button")
    page.wait_for_selector("#status[data-state=ready]")
    assert page.url == f"{url}/"
    assert page.evaluate("document.cookie") == "", "scripts do not see the session"
    page.fill("#text", TEXT)
    page.click("#speak")
    page.wait_for_selector("#download:not([disabled])")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.path().stat().st_size > 1000
    assert complaints == []
    context.close()
