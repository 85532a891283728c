"""How a server holds under load: first audio, the cache, throughput, live streams, and arrivals that do not wait for replies.

    python benchmarks/load.py [first cache throughput live arrivals] [--url http://127.0.0.1:7000] [--seconds 20]

Without ``--url`` a server is started beside it with its own defaults, so that the clients here take their part of the same cores.
``first``: one client and eight at once ask for 200 characters; from the request to the first byte of sound behind the header.
``cache``: the same request again. ``throughput``: sixteen clients that ask for sentences again and again, beside a loop that
calls the voice without a server in as many threads. ``live``: streams that are read as they are heard, more and more of them,
until one runs dry. ``arrivals``: requests that come by chance (Poisson) at 50, 80, 100 and 150 % of what the machine can make,
whether or not earlier ones are answered; goodput are those that were served whole and whose first audio took at most a second.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tingshuo.tasks.tts import Voice

SENTENCES = (
    "今天天气真好，我们一起去公园散步吧。",
    "明天上午九点开会，请大家准时参加，不要迟到。",
    "这本书讲了一个很长的故事，我花了三天才看完。",
    "火车还有十分钟就要开了，快一点吧。",
    "他说的话我听不太懂，你能再解释一遍吗？",
    "春天来了，院子里的花都开了，红的白的黄的，好看极了。",
)
RATE, BYTES = 24000, 2
HEADER_BYTES = 44
NUMBERS = itertools.count(time.time_ns() % 10_000)
"""Every text begins with one of its own, so that no request is answered from what the server has kept of another."""
ROUNDS = 8
GOOD_S = 1.0
"""First audio of a request that was served well."""


@dataclass(slots=True)
class Reply:
    """What came back: status, seconds to the first sound and to the end, seconds of audio, times that a listener ran dry."""

    status: int
    first_s: float = float("nan")
    whole_s: float = float("nan")
    audio_s: float = 0.0
    dry: int = 0


class Client:
    """Asks one server, each request on a connection of its own; as light as can be, since it shares the cores."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80

    async def speak(self, text: str, *, paced: bool = False) -> Reply:
        """Ask for samples as they are made; ``paced`` reads them as they are heard."""
        begun = time.perf_counter()
        body = {"input": text, "response_format": "pcm"}
        async with self._post("/v1/audio/speech", body) as (status, parts):
            reply = Reply(status)
            async for part in parts:
                now = time.perf_counter() - begun
                if reply.audio_s == 0:
                    reply.first_s = now
                elif paced and now > reply.first_s + reply.audio_s:
                    reply.dry += 1
                    reply.first_s = now - reply.audio_s
                reply.audio_s += len(part) / RATE / BYTES
                if paced:
                    await asyncio.sleep(max(0.0, reply.first_s + reply.audio_s - 1.0 - (time.perf_counter() - begun)))
            reply.whole_s = time.perf_counter() - begun
        return reply

    async def file(self, text: str) -> float:
        """Ask for a finished file; returns the seconds that the reply took."""
        begun = time.perf_counter()
        async with self._post("/api/tts", {"text": text}) as (_, parts):
            async for _ in parts:
                pass
        return time.perf_counter() - begun

    @contextlib.asynccontextmanager
    async def _post(self, path: str, fields: dict[str, object]) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        # Room for a sentence of samples, as browsers have it: with less, each is sent in many small parts.
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        try:
            body = json.dumps(fields).encode()
            head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "
            writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
            head_back = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            yield int(head_back.split()[1]), self._parts(reader, chunked="transfer-encoding: chunked" in head_back)
        finally:
            writer.close()

    async def _parts(self, reader: asyncio.StreamReader, *, chunked: bool) -> AsyncIterator[bytes]:
        if not chunked:
            yield await reader.read()
            return
        while size := int(await reader.readline(), 16):
            yield await reader.readexactly(size)
            await reader.readline()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server on a free port; yields its address."""
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield re.findall(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()


async def ready(client: Client) -> None:
    """Wait until the server speaks, and let it speak a little."""
    while (await client.speak("你好。")).status != 200:
        await asyncio.sleep(0.1)
    for _ in range(5):
        await client.speak(text_of(200, random.Random(0)))


def text_of(characters: int, random_: random.Random) -> str:
    """Return a number and sentences by chance, of so many characters."""
    text = f"{next(NUMBERS)}号，"
    while len(text) < characters:
        text += random_.choice(SENTENCES)
    return text[:characters]


def told(values: list[float]) -> str:
    """Return p50, p95 and p99 in milliseconds."""
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99)]
    return "  ".join(f"p{name} {1000 * value:.1f} ms" for name, value in zip((50, 95, 99), at, strict=True))


async def first(client: Client, seconds: float) -> None:
    """Time to first audio of 200 characters, for one client and for eight."""
    for clients in (1, 8):
        found: list[float] = []
        end = time.monotonic() + seconds

        async def ask(number: int, found: list[float] = found, end: float = end) -> None:
            chance = random.Random(number)
            while time.monotonic() < end:
                found.append((await client.speak(text_of(200, chance))).first_s)

        await asyncio.gather(*(ask(number) for number in range(clients)))
        print(f"first audio, 200 characters, {clients} at once: {told(found)}  ({len(found)} requests)", flush=True)


async def cache(client: Client, seconds: float) -> None:
    """The same request again."""
    text = text_of(200, random.Random(0))
    await client.file(text)
    found = [await client.file(text) for _ in range(500)]
    print(f"finished audio again: {told(found)}", flush=True)


async def throughput(client: Client, seconds: float) -> float:
    """Sixteen clients against a loop without a server, in turns; returns seconds of audio a second."""
    import tingshuo

    voice = tingshuo.load("default")
    rounds: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        served = await served_audio(client, seconds / 2)
        rounds.append((served, await asyncio.to_thread(without_server, voice, seconds / 2)))
    served, direct = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(one / other for one, other in rounds)
    medians = f"{served:.1f} s of audio a second, {direct:.1f} without a server"
    print(f"throughput, medians of {ROUNDS} rounds in turn: {medians}; ratio {ratio:.2f}", flush=True)
    return served


async def served_audio(client: Client, seconds: float) -> float:
    """Return the seconds of audio that sixteen clients get in a second."""
    begun = time.monotonic()
    end, audio = begun + seconds, []

    async def ask(number: int) -> None:
        chance = random.Random(number)
        while time.monotonic() < end:
            audio.append((await client.speak(text_of(60, chance))).audio_s)

    await asyncio.gather(*(ask(number) for number in range(16)))
    return sum(audio) / (time.monotonic() - begun)


def without_server(voice: "Voice", seconds: float, threads: int = 2) -> float:
    """Call the voice in a loop in as many threads as a server has; returns seconds of audio a second."""
    begun = time.monotonic()
    end = begun + seconds

    def work(number: int) -> float:
        chance, audio = random.Random(number), 0.0
        while time.monotonic() < end:
            audio += voice.synthesize(text_of(60, chance)).duration_s
        return audio

    with ThreadPoolExecutor(threads) as pool:
        audio = sum(pool.map(work, range(threads)))
    return audio / (time.monotonic() - begun)


async def live(client: Client, seconds: float) -> None:
    """More and more streams at once that are read as they are heard."""
    for streams in (10, 25, 40, 60, 90):
        chance = random.Random(streams)

        async def listen(number: int, chance: random.Random = chance) -> Reply:
            await asyncio.sleep(chance.random() * 3)
            return await client.speak(text_of(120, chance), paced=True)

        replies = await asyncio.gather(*(listen(number) for number in range(streams)))
        dry, refused = sum(one.dry for one in replies), sum(one.status != 200 for one in replies)
        print(
            f"live: {streams} streams, {dry} times dry, {refused} refused, first {told([r.first_s for r in replies])}", flush=True
        )
        if dry or refused:
            return


async def arrivals(client: Client, seconds: float, capacity: float | None = None) -> None:
    """Requests that come by chance at a share of what the machine can make."""
    capacity = capacity or await throughput(client, seconds)
    chance, at_full = random.Random(0), 0.0
    length_s = statistics.mean([(await client.speak(text_of(60, chance))).audio_s for _ in range(20)])
    for share in (0.5, 0.8, 1.0, 1.5):
        tasks: list[asyncio.Task[Reply]] = []
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            await asyncio.sleep(chance.expovariate(share * capacity / length_s))
            tasks.append(asyncio.create_task(client.speak(text_of(60, chance))))
        replies = await asyncio.gather(*tasks)
        took = time.monotonic() - begun
        served = [one for one in replies if one.status == 200]
        good = sum(one.audio_s for one in served if one.first_s <= GOOD_S) / took
        at_full = good if share == 1.0 else at_full
        beside = f", {good / at_full:.2f} of that at 100 %" if share > 1 else ""
        print(
            f"arrivals at {100 * share:.0f} %: {len(replies)} requests, {len(replies) - len(served)} refused, "
            f"first {told([one.first_s for one in served])}, goodput {good:.1f} s of audio a second{beside}", flush=True,
        )  # fmt: skip


WHAT: dict[str, Callable[[Client, float], object]] = {
    "first": first, "cache": cache, "throughput": throughput, "live": live, "arrivals": arrivals,
}  # fmt: skip


async def run(url: str, what: list[str], seconds: float) -> None:
    """Measure one after the other."""
    client = Client(url)
    await ready(client)
    for name in what:
        await WHAT[name](client, seconds)  # type: ignore[misc]


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="WHAT", help=", ".join(WHAT))
    parser.add_argument("--url")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    unknown = [name for name in given.what if name not in WHAT]
    if unknown:
        parser.error(f"unknown {unknown[0]!r}; accepted: {', '.join(WHAT)}")
    with contextlib.nullcontext(given.url) if given.url else server() as url:
        asyncio.run(run(url, given.what or list(WHAT), given.seconds))


if __name__ == "__main__":
    main()
