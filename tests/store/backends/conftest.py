"""Servers on this machine: one for files, which misbehaves when it is told to, and one that speaks S3."""

import importlib.util
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote

import pytest

from tingshuo.store import remote_transfer
from tingshuo.store.registry import Registry


class Server(ThreadingHTTPServer):
    """Gives the files of a folder, ranges too. ``faults`` maps a part of a path to what happens, in turn; the last stays.

    A fault is a status, or one with a body; ``die``: the connection breaks in the middle; ``short``, ``long``, ``other``: wrong
    bytes; ``hang``: no answer; ``ranges``: ranges are ignored; ``shift``: another range; a text with ``://``: a redirect.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.faults, self.asked, self.over = folder, dict[str, list[Any]](), list[tuple[str, str]](), Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def fault(self, path: str) -> Any:
        for part, faults in self.faults.items():
            if part in path:
                return faults.pop(0) if len(faults) > 1 else faults[0]
        return None

    def handle_error(self, *_: object) -> None:
        """Clients that leave are no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, start = unquote(self.path), 0
        self.server.asked.append((path, self.headers.get("Range", "")))
        fault = self.server.fault(path)
        if fault == "hang":
            self.server.over.wait(20)
            return
        if isinstance(fault, int):
            self.send_error(fault)
            return
        if isinstance(fault, tuple):
            self.answer(fault[0], fault[1], {"Content-Length": str(len(fault[1]))})
            return
        if isinstance(fault, str) and "://" in fault:
            self.answer(302, b"", {"Location": fault})
            return
        file = self.server.folder / path.lstrip("/")
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        if "Range" in self.headers and fault != "ranges":
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        body = content[start:]
        half = len(body) // 2
        body = {"short": body[:half], "long": body + b"+", "other": body[:half] + bytes(len(body) - half)}.get(fault, body)
        headers = {"Content-Length": str(len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start + (fault == 'shift')}-{len(content) - 1}/{len(content)}"
        self.answer(206 if start else 200, body[:half] if fault == "die" else body, headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


Web = Callable[[Path], Server]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_transfer, "PAUSES_S", (0, 0, 0))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def web() -> Iterator[Web]:
    """Serve a folder over HTTP."""
    with ExitStack() as stack:

        def serve(folder: Path) -> Server:
            server = Server(folder)
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            stack.callback(server.over.set)
            return server

        yield serve


@pytest.fixture
def here(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "there")


S3_SERVER = """
import threading
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
account = s3_backends["123456789012"]["aws"]
account.create_bucket("bucket", "us-east-1")
account.put_bucket_versioning("bucket", "Enabled")
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """A server that speaks S3, in a process of its own, with a bucket that keeps all states of its objects."""
    missing = [name for name in ("moto", "flask", "flask_cors", "obstore") if importlib.util.find_spec(name) is None]
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"not installed: {missing}")
        pytest.skip(f"not installed: {missing}")
    command = [sys.executable, "-c", S3_SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            with suppress(ProcessLookupError):
                process.kill()


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a place in a bucket that nobody else uses."""
    values = {
        "ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
        "ACCESS_KEY_ID": "a",
        "SECRET_ACCESS_KEY": "b",
        "REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return f"s3://bucket/{uuid.uuid4().hex}/声音"
