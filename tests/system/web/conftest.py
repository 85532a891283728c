"""Drives the web page: the real server in a process of its own, headless Chromium, and a page that is watched meanwhile."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

TEXT = "今天天气真好，我们去公园吧！小猫也想去。"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--mute-audio",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.violations = []; window.shift = 0;
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective + " " + event.blockedURI));
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value; })
  .observe({ type: "layout-shift", buffered: true });
"""


class Server:
    """``tingshuo serve`` in a process of its own, on a free port and with the built-in voice unless others are given."""

    def __init__(self, port: int = 0, voice: str = "default") -> None:
        command = [
            sys.executable,
            "-m",
            "tingshuo.app.cli.main",
            "serve",
            "--port",
            str(port),
            "--threads",
            "1",
            "--voice",
            voice,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.search(r"http://\S+", line)
        if match is None:
            self.process.communicate()
            pytest.fail(f"the server did not start: it said {line!r} and ended with {self.process.returncode}")
        self.url = match.group()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        while self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/readyz").close()
                return
            except urllib.error.HTTPError as error:  # 503 while the voice is being opened
                error.close()
                time.sleep(0.05)
        pytest.fail("the server ended before it was ready")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        if not self.process.stdout.closed:
            self.process.communicate()


@contextlib.contextmanager
def chromium(*arguments: str):
    """Start headless Chromium; tests are skipped where there is none, but not in CI."""
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        reason = "Chromium is not installed: apt-get install chromium fonts-noto-cjk"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *arguments])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


class Visit:
    """A page, and everything about it that must not happen."""

    def __init__(self, browser, url: str, **options) -> None:
        settings = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN", "accept_downloads": True}
        self.context = browser.new_context(**settings | options)
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20000)
        self.url = url
        self.requests: list = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self):
        self.page.goto(self.url)
        self.wait("ready")
        return self.page

    def wait(self, *states: str) -> None:
        self.page.wait_for_selector(", ".join(f"#status[data-state={state}]" for state in states))

    def until(self, expression: str) -> None:
        """Wait until an expression is true; Playwright's own waiting would need ``unsafe-eval``."""
        for _ in range(400):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"still not so: {expression}")

    def speak(self, text: str = TEXT) -> None:
        self.page.fill("#text", text)
        self.page.click("#speak")

    def spoken(self, text: str = TEXT) -> None:
        """Speak, and let the file take over from the live playback."""
        self.speak(text)
        self.until("document.querySelector('#audio').readyState >= 1")
        self.page.evaluate("document.querySelector('#stop').click()")  # nothing, when it has been played to its end
        self.wait("done")

    def position_s(self) -> float:
        minutes, seconds = self.page.inner_text("[data-clock]").split(" / ")[0].split(":")
        return 60 * int(minutes) + float(seconds)

    def asked(self, path: str) -> list[dict]:
        return [json.loads(r.post_data or "null") for r in self.requests if r.url.endswith(path) and r.method == "POST"]

    def close(self) -> None:
        local = (self.url, "blob:", "data:")
        foreign = [r.url for r in self.requests if not r.url.startswith(local)]
        violations = self.page.evaluate("window.violations")
        self.context.close()
        assert foreign == [], "a request left the machine"
        assert violations == []
        assert self.complaints == []


@pytest.fixture(scope="module")
def start_server() -> Iterator[Callable[..., Server]]:
    """Start a server; it ends with the tests of the file at the latest."""
    running: list[Server] = []

    def start(port: int = 0, voice: str = "default") -> Server:
        running.append(Server(port, voice))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def server(start_server) -> Server:
    """The server of all tests that do not harm it."""
    return start_server()


@pytest.fixture
def open_page(browser, server) -> Iterator[Callable[..., Visit]]:
    """Open the page, with options of the browser; what must not have happened is checked at the end."""
    visits: list[Visit] = []

    def open_one(url: str = "", **options) -> Visit:
        visits.append(Visit(browser, url or server.url, **options))
        visits[-1].open()
        return visits[-1]

    yield open_one
    for visit in visits:
        visit.close()


@pytest.fixture
def visit(open_page) -> Visit:
    """The page on a desk, in Chinese."""
    return open_page()
