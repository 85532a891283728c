"""Does a server keep memory that it should give back? Thousands of mixed requests, and its memory before and after.

    python benchmarks/soak.py [--requests 20000] [--warm-up 1000] [--clients 4] [--seed 0] [--url http://...] [--leak]

Short and long texts in every format, files and streams, streams that are broken off, events, web sockets with and without a
cancel, what is kept and asked for again, and errors. Resident memory moves with what is under way, so medians are compared: of
readings after each of the last requests of the warm-up, and of the last of all. More than 5 % of growth ends with exit code 1,
and so does a reply with another status than its request deserves, or descriptors that are left open. ``--leak`` plants a leak of
16 KB a request in the server: it has to end with exit code 1, or this measures nothing. ``--url`` tests a server that is running
on this machine (with ``--pid``) in place of one of its own.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

GROWTH = 0.05
"""Share of the memory after the warm-up by which it may have grown at the end."""
READINGS = 250
LEAK_BYTES = 16384
LEAKING = f"""
from tingshuo.app.cli.main import main
from tingshuo.app.http.middleware import HeadLikeGet
kept, pass_on = [], HeadLikeGet.__call__
async def leaking(self, scope, receive, send):
    kept.append(bytearray(b"x") * {LEAK_BYTES})
    await pass_on(self, scope, receive, send)
HeadLikeGet.__call__ = leaking
main()
"""
"""A server that remembers something of each request."""
SENTENCES = (
    "今天天气真好。", "我们一起去公园散步吧！", "明天上午九点开会。", "他花了3.5元。", "火车还有十分钟就要开了，快一点。",
    "你说什么？",
    "春天来了，院子里的花都开了，红的白的黄的，好看极了。", "This is a test.", "电话是13800138000。", "好的。",
)  # fmt: skip
FORMATS = ("mp3", "opus", "flac", "wav", "pcm")
WRONG: tuple[tuple[str, bytes, str, int], ...] = (
    ("/api/tts", b'{"text": ""}', "application/json", 422),
    ("/api/tts", b'{"text": ', "application/json", 400),
    ("/api/tts", '{"text": "好", "voice": "nobody"}'.encode(), "application/json", 404),
    ("/api/tts/stream", '{"text": "好", "speed": 9}'.encode(), "application/json", 400),
    ("/v1/audio/speech", "input=好".encode(), "text/plain", 415),
    ("/v1/audio/speech", '{"input": "<speak>好<break"}'.encode(), "application/json", 422),
    ("/v1/audio/speech", '{"input": "好", "response_format": "midi"}'.encode(), "application/json", 400),
    ("/nowhere", b"{}", "application/json", 404),
)


@dataclass
class Traffic:
    """Asks a server for everything; each request is drawn, so the same seed asks the same."""

    url: str
    chance: random.Random
    wrong: list[str] = field(default_factory=list)
    """Replies that were not what they should be."""
    asked: Counter[str] = field(default_factory=Counter)
    busy: int = 0

    async def ask(self, client: httpx.AsyncClient) -> None:
        """Make one request, or a few that belong together."""
        kind = self.chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        self.asked[kind] += 1
        await KINDS[kind][1](self, client)

    def text(self, sentences: int) -> str:
        """Return sentences by chance, which were hardly ever said before."""
        return f"{self.chance.randrange(1000)}，" + "".join(self.chance.choices(SENTENCES, k=sentences))

    def check(self, reply: httpx.Response, status: int = 200) -> bool:
        """Note a reply that is not what it should be; returns whether it is."""
        if reply.status_code == 503 and "retry-after" in reply.headers:
            self.busy += 1
        elif reply.status_code != status:
            self.wrong.append(f"{reply.request.url.path}: {reply.status_code} instead of {status}")
        return reply.status_code == status

    async def speech(self, client: httpx.AsyncClient, sentences: int = 1) -> None:
        """A stream, read to its end."""
        body = {"input": self.text(sentences), "response_format": self.chance.choice(FORMATS), "speed": 1.5}
        body["stream_format"] = self.chance.choice(("audio", "audio", "audio", "sse"))
        self.check(await client.post("/v1/audio/speech", json=body))

    async def long(self, client: httpx.AsyncClient) -> None:
        """A stream of some hundred characters."""
        await self.speech(client, 30)

    async def file(self, client: httpx.AsyncClient) -> None:
        """A file, and the second half of it."""
        reply = await client.post("/api/tts", json={"text": self.text(1), "format": self.chance.choice(FORMATS)})
        if self.check(reply):
            self.check(await client.get(reply.json()["audio_url"], headers={"range": "bytes=100-"}), 206)

    async def lines(self, client: httpx.AsyncClient) -> None:
        """Audio and times as lines."""
        self.check(await client.post("/api/tts/stream", json={"text": self.text(2), "format": "mp3"}))

    async def again(self, client: httpx.AsyncClient) -> None:
        """What is kept."""
        self.check(await client.post("/api/tts", json={"text": self.chance.choice(SENTENCES)}))

    async def broken_off(self, client: httpx.AsyncClient) -> None:
        """A stream whose listener leaves after its first bytes."""
        async with client.stream("POST", "/v1/audio/speech", json={"input": self.text(8), "response_format": "pcm"}) as reply:
            if self.check(reply):
                async for _ in reply.aiter_raw():
                    break

    async def error(self, client: httpx.AsyncClient) -> None:
        """A request that is refused."""
        path, content, media_type, status = self.chance.choice(WRONG)
        self.check(await client.post(path, content=content, headers={"content-type": media_type}), status)

    async def status(self, client: httpx.AsyncClient) -> None:
        """What whoever watches over it asks."""
        self.check(await client.get(self.chance.choice(("/metrics", "/readyz", "/api/voices", "/", "/openapi.json"))))

    async def socket(self, _: httpx.AsyncClient) -> None:
        """A text in pieces, which may be cancelled, after a message that is none."""
        last = self.chance.choice(("input.done", "input.done", "input.cancel"))
        async with connect(f"ws{self.url.removeprefix('http')}/v1/audio/speech/stream", compression=None) as socket:
            await socket.send("{}")
            for piece in (self.text(1), "再说一句。"):
                await socket.send(json.dumps({"type": "input.text", "text": piece}))
            await socket.send(json.dumps({"type": last}))
            async for message in socket:
                kind = None if isinstance(message, bytes) else json.loads(message)["type"]
                if kind in ("audio.done", "audio.cancelled"):
                    return
        self.wrong.append("the socket was closed before its text was over")


KINDS: dict[str, tuple[int, Callable[[Traffic, httpx.AsyncClient], Awaitable[None]]]] = {
    "speech": (30, Traffic.speech), "file": (15, Traffic.file), "lines": (8, Traffic.lines), "again": (12, Traffic.again),
    "error": (15, Traffic.error), "broken off": (8, Traffic.broken_off), "socket": (6, Traffic.socket),
    "status": (4, Traffic.status), "long": (2, Traffic.long),
}  # fmt: skip
"""Requests by kind: how often of a hundred, and what they do."""


@contextmanager
def server(*, leak: bool) -> Iterator[tuple[str, int]]:
    """Start a server on a free port; yields its address and its process."""
    program = ["-c", LEAKING] if leak else ["-m", "tingshuo.app.cli.main"]
    with subprocess.Popen([sys.executable, *program, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield re.findall(r"http://\S+", process.stdout.readline())[0], process.pid
        finally:
            process.terminate()


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


async def soak(traffic: Traffic, requests: int, clients: int, look: Callable[[int], None]) -> None:
    """Ask so often, so many at a time; ``look`` is called with the number of requests that are over."""
    over = 0

    async def one(client: httpx.AsyncClient) -> None:
        nonlocal over
        while sum(traffic.asked.values()) < requests:
            await traffic.ask(client)
            over += 1
            look(over)

    async with httpx.AsyncClient(base_url=traffic.url, timeout=60) as client:
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
        await asyncio.gather(*(one(client) for _ in range(clients)))


async def quiet(url: str) -> float:
    """Wait until nothing is under way, ten seconds at most; returns how many requests still are."""
    async with httpx.AsyncClient(base_url=url) as client:
        for _ in range(200):
            found = re.search(r"^tingshuo_active_requests (\S+)", (await client.get("/metrics")).text, re.MULTILINE)
            if found is not None and float(found[1]) == 0:
                return 0
            await asyncio.sleep(0.05)
    return float(found[1]) if found is not None else float("nan")


def measure(url: str, pid: int, given: argparse.Namespace) -> list[str]:
    """Soak, print figures, and return what is wrong."""
    traffic, read = Traffic(url, random.Random(given.seed)), []
    begun = time.monotonic()

    def look(over: int) -> None:
        read.append(resident_mb(pid))
        if over % max(1000, given.requests // 20) == 0:
            print(f"{over} requests, {time.monotonic() - begun:.0f} s, {read[-1]:.0f} MB", flush=True)

    before = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    asyncio.run(soak(traffic, given.requests, given.clients, look))
    left = asyncio.run(quiet(url))
    after = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    readings = min(READINGS, given.warm_up)
    early, late = (statistics.median(read[end - readings : end]) for end in (given.warm_up, len(read)))
    asked = ", ".join(f"{count} {kind}" for kind, count in traffic.asked.most_common())
    print(f"{len(read)} requests in {time.monotonic() - begun:.0f} s: {asked}; {traffic.busy} were refused as busy")
    print(f"memory after {given.warm_up} requests {early:.1f} MB, at the end {late:.1f} MB: {late / early - 1:+.1%}; "
          f"highest {max(read):.1f} MB; descriptors {before} before, {after} after")  # fmt: skip
    troubles = [f"{count} times {what}" for what, count in Counter(traffic.wrong).most_common(5)]
    if late > early * (1 + GROWTH):
        troubles.append(f"memory grew by {late / early - 1:.1%}; {GROWTH:.0%} are allowed")
    if left:
        troubles.append(f"{left:g} requests are still under way")
    if after > before + given.clients + 4:
        troubles.append(f"descriptors grew from {before} to {after}")
    return troubles


def arguments() -> argparse.Namespace:
    """Read what was asked for."""
    parser: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--warm-up", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--leak", action="store_true")
    given: argparse.Namespace = parser.parse_args()
    if given.requests <= given.warm_up:
        parser.error("--requests must be more than --warm-up")
    if (given.url is None) != (given.pid is None) or (given.url and given.leak):
        parser.error("--url and --pid belong together, and --leak is for a server of its own")
    return given


def main() -> int:
    """Measure and say whether all is well."""
    given = arguments()
    if given.url is not None:
        troubles = measure(given.url, given.pid, given)
    else:
        with server(leak=given.leak) as (url, pid):
            troubles = measure(url, pid, given)
    for trouble in troubles:
        print(f"FAILED: {trouble}")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
