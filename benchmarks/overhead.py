"""What does a reply cost beyond its bytes? Finished audio from our server, and the same bytes from a bare FastAPI handler.

    python benchmarks/overhead.py [--requests 2000] [--characters 60]

Both are processes of their own, asked in turn over connections that stay open, so that whatever else the machine does falls on
both alike. ``stream``: POST /v1/audio/speech of audio that is kept (mp3); ``file``: POST /api/tts, which answers with an address
and times; ``audio``: GET of that address. The bare handler reads the body and returns what ours has returned. Printed are medians
and 95th percentiles of both and of the difference of neighbours; a median of more than 2 ms ends with exit code 1.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

LIMIT_MS = 2.0
WARM_UP = 200
TEXT = "今天天气真好，我们一起去公园散步吧。明天上午九点开会，请大家准时参加，不要迟到。火车还有十分钟就要开了，快一点吧。"
BARE = """
import socket, sys
from pathlib import Path
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

app, folder = FastAPI(), Path(sys.argv[1])
replies = {file.stem: file.read_bytes() for file in folder.iterdir()}

@app.post("/{name}")
@app.get("/{name}")
async def reply(name: str, request: Request) -> Response:
    await request.body()
    return Response(replies[name], media_type="application/octet-stream")

with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:  # named, so that small writes go at once
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
"""


@dataclass
class Asked:
    """One request, of one server."""

    connection: http.client.HTTPConnection
    method: str
    path: str
    body: bytes | None = None

    def send(self) -> tuple[float, bytes]:
        """Return the milliseconds until the whole reply was there, and its body."""
        begun = time.perf_counter()
        headers = {} if self.body is None else {"content-type": "application/json"}
        self.connection.request(self.method, self.path, self.body, headers)
        reply = self.connection.getresponse()
        content = reply.read()
        took_ms = 1000 * (time.perf_counter() - begun)
        assert reply.status == http.client.OK, (reply.status, content[:300])
        return took_ms, content


@contextmanager
def server(*command: str) -> Iterator[http.client.HTTPConnection]:
    """Start a server that prints where it listens; yields a connection to it."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = urlsplit(re.findall(r"http://\S+", process.stdout.readline())[0])
            connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
            yield connection
            connection.close()
        finally:
            process.terminate()


def ready(connection: http.client.HTTPConnection) -> None:
    """Wait until it speaks."""
    while True:
        connection.request("GET", "/readyz")
        reply = connection.getresponse()
        reply.read()
        if reply.status == http.client.OK:
            return
        time.sleep(0.05)


def requests_of(ours: http.client.HTTPConnection, text: str) -> dict[str, Asked]:
    """Return what is measured, by name."""
    made = Asked(ours, "POST", "/api/tts", json.dumps({"text": text}).encode())
    address = json.loads(made.send()[1])["audio_url"]
    stream = json.dumps({"input": text, "response_format": "mp3"}).encode()
    return {
        "stream": Asked(ours, "POST", "/v1/audio/speech", stream),
        "file": made,
        "audio": Asked(ours, "GET", address),
    }


def told(values: np.ndarray) -> str:
    """Return median and 95th percentile."""
    return f"median {np.median(values):6.3f} ms  p95 {np.percentile(values, 95):6.3f} ms"


def main() -> int:
    """Measure, print, and say whether it is within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--characters", type=int, default=60)
    given = parser.parse_args()
    worst = 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(server("-m", "tingshuo.app.cli.main", "serve", "--port", "0"))
        ready(ours)
        asked = requests_of(ours, (TEXT * 20)[: given.characters])
        for name, one in asked.items():
            one.send()  # made now, kept from here on
            (folder / name).write_bytes(one.send()[1])
        bare = stack.enter_context(server("-c", BARE, str(folder)))
        for name, one in asked.items():
            other = Asked(bare, one.method, f"/{name}", one.body)
            pairs = [(one.send(), other.send()) for _ in range(WARM_UP + given.requests)][WARM_UP:]
            assert all(len(a[1]) == len(b[1]) for a, b in pairs), "they do not return the same"
            ms = np.array([(a[0], b[0]) for a, b in pairs])
            more = ms[:, 0] - ms[:, 1]
            print(
                f"{name:7} {len(pairs[0][0][1]):7} bytes: ours {told(ms[:, 0])}; bare {told(ms[:, 1])}; more {told(more)}",
                flush=True,
            )
            worst = max(worst, float(np.median(more)))
    print(f"{'FAILED: ' if worst > LIMIT_MS else ''}the most is {worst:.2f} ms; {LIMIT_MS:g} ms are allowed")
    return int(worst > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
