"""A clock that is set by hand, and a Redis of our own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tingshuo.serve.access import limits


class Clock:
    """Seconds since 1970, or since the start of whatever asks."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Redis:
    """A server of Redis on a free port of this machine, that keeps nothing on the disk."""

    def __init__(self, executable: str, folder: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._executable, self._folder = executable, folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self._folder]
        self._process = subprocess.Popen([self._executable, *options], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"Ready to accept connections" in line:
                return
        pytest.fail("Redis did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000_000.0)


@pytest.fixture
def redis(tmp_path, monkeypatch) -> Iterator[Redis]:
    """Redis, running; it ends with the test. It is waited for longer than a server would: this machine may be busy."""
    pytest.importorskip("redis")
    monkeypatch.setattr(limits, "TIMEOUT_S", 60.0)
    executable = shutil.which("redis-server")
    if executable is None:
        reason = "Redis is not installed: apt-get install redis-server"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    server = Redis(executable, str(tmp_path))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def full_disk(tmp_path) -> Callable[[str], Path]:
    """Make a path that has no room: a link to /dev/full."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.symlink_to("/dev/full")
        return path

    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    return make
