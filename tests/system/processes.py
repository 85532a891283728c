"""A server in a process of its own, whose patience may be shortened, and a connection without manners."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

PATIENCE_S = 60.0
"""How long a test waits for what has to come, on the slowest machine."""


@dataclass
class ServerProcess:
    """A running server: where it listens, its process, and what it has said on its standard error."""

    url: str
    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    def client(self) -> httpx.Client:
        """Return a client of it."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    def gauge(self, name: str) -> float:
        """Return a number of its metrics; of many rows the sum."""
        text = httpx.get(f"{self.url}/metrics", timeout=PATIENCE_S).text
        rows = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
        assert rows, f"there is no {name} in the metrics"
        return sum(map(float, rows))

    def holds(self, connection: socket.socket) -> bool:
        """Whether its end of a connection is still open."""
        ours, theirs = connection.getsockname()[1], self.address[1]
        for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]:
            _, local, remote, _, _, _, _, _, _, inode, *_ = line.split()
            if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (theirs, ours):
                return self._has(f"socket:[{inode}]")
        return False

    def _has(self, what: str) -> bool:
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.readlink(entry) == what:
                    return True
        return False

    def says(self, what: str) -> None:
        """Wait until a line with these words is on its standard error."""
        wait_until(lambda: any(what in line for line in tuple(self.said)))


def wait_until(true: Callable[[], bool]) -> None:
    """Ask until it is so; fails after `PATIENCE_S`."""
    gone = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if true():
            return
        gone.wait(0.02)
    raise AssertionError("it did not come about")


@contextlib.contextmanager
def server_process(*options: str, first: str = "", **environment: str) -> Iterator[ServerProcess]:
    """Start a server on a free port, wait until it speaks, and stop it; it has to end in order.

    Parameters
    ----------
    options : str
        Of ``tingshuo serve``.
    first : str
        Python that runs before anything is imported, such as a shorter patience.
    environment : str
        Added to that of this process.
    """
    program = f"{first}\nfrom tingshuo.app.cli.main import main\nmain()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(command, env={**os.environ, "TINGSHUO_HOME": home, **environment}, **pipes) as process,  # type: ignore[call-overload]
    ):
        server = ServerProcess("", process)
        listening = threading.Thread(target=lambda: server.said.extend(process.stderr), daemon=True)
        try:
            line = process.stdout.readline()
            listening.start()
            assert "listens on" in line, process.stderr.read()
            server.url = line.split()[-1]
            with server.client() as client:
                wait_until(lambda: client.get("/readyz").status_code == 200)
            yield server
            assert process.poll() is None, f"the server has ended with {process.returncode}: {''.join(server.said)}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        listening.join(PATIENCE_S)
        assert process.returncode == 0, "".join(server.said)


@contextlib.contextmanager
def raw(server: ServerProcess, *, room: int | None = None) -> Iterator[socket.socket]:
    """Connect without any protocol; ``room`` is how many bytes this side takes before it is asked for them."""
    with socket.socket() as connection:
        if room is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connection.settimeout(PATIENCE_S)
        connection.connect(server.address)
        yield connection


def everything(connection: socket.socket) -> bytes:
    """Read until the other side closes, politely or not."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            found += part
    return found
