"""Measure speed and memory of this installation: what ``tingshuo bench`` prints.

Every figure is taken in the run that prints it. RTF = work seconds / audio seconds, one thread, lower is faster. Memory and
first audio are those of a real server in a process of its own, seen by a client; the cold start is a process from its start to
its end, with the file on the disk.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tingshuo.errors import TingshuoError

if TYPE_CHECKING:
    from tingshuo.tasks.tts import Speech, Voice

TEN_SECONDS = "清晨的阳光洒在湖面上，几只白鹭从芦苇丛里飞起来。老人坐在岸边的长椅上，慢慢地读着报纸，等着孙女放学回家。"
THREE_SECONDS = "今天上午我们去公园散步。"
TWO_HUNDRED = (
    "每到秋天，村口那棵老银杏树就会落下一地金黄的叶子。孩子们放学以后，总要在树下玩上好一会儿，直到天色暗下来，家家户户的灯一盏一盏亮起来，才肯回家吃饭。"
    "奶奶说，这棵树比爷爷的爷爷年纪还要大，打仗的时候救过一村人的命，饥荒的年月也结过满树的果子。如今树还在，人却一茬一茬地换了，只有风吹过的声音，"
    "和许多年前一模一样。后来我离开了村子，到很远的城市里读书和工作，每当秋风吹起来的时候，总会想起那片金黄，还有树下的笑声。"
)[:200]
EMOTIONS = ("neutral", "happy", "sad", "angry")
MB = 1024
"""Kilobytes, the unit of /proc, in a megabyte."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; ``limit`` is the promise, ``aim`` the hope, both upper bounds."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    aim: float | None = None
    detail: str = ""


def speed(voice: str, repeats: int) -> Iterator[Figure]:
    """Yield the whole pipeline's RTF on about ten seconds of speech, for each precision that the voice has; medians."""
    from tingshuo.tasks.voices import load
    from tingshuo.text.frontend import spoken_plainly

    def speak(speaker: "Voice") -> "Speech":
        spoken_plainly.cache_clear()  # a text that was spoken before is known by heart
        return speaker.synthesize(TEN_SECONDS)

    default = load(voice)
    chosen = default.precision
    precisions = {variant.precision for graph in default.manifest.graphs.values() for variant in graph.variants}
    for precision in sorted(precisions, key=lambda p: p != chosen):
        speaker = load(voice, precision=precision, threads=1)
        speaker.synthesize(THREE_SECONDS)
        runs = [speak(speaker) for _ in range(repeats)]
        rtf = statistics.median(run.stages.rtf for run in runs)
        detail = f"{runs[0].duration_s:.1f} s of speech{', used here' if precision == chosen else ''}"
        limit, aim = (0.02, 0.0066) if precision == chosen else (None, None)
        yield Figure(f"RTF, {precision}", round(rtf, 5), "", limit, aim, detail)


def cold_start(voice: str, repeats: int) -> Figure:
    """Return the seconds of ``tingshuo say`` from the start of its process to its end; the median of fresh processes."""
    with tempfile.TemporaryDirectory(prefix="tingshuo-bench-") as folder:
        target = Path(folder, "out.wav")
        command = [sys.executable, "-m", "tingshuo.app.cli.main", "say", THREE_SECONDS, "-o", str(target), "--voice", voice]
        times = []
        for _ in range(repeats):
            target.unlink(missing_ok=True)
            begun = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
            times.append(time.perf_counter() - begun)
            if done.returncode or not target.is_file():
                raise TingshuoError(f"tingshuo say failed while it was measured: {done.stderr.strip()[-200:]}")
    detail = f"`tingshuo say` of {len(THREE_SECONDS)} characters into a wav, files in the cache"
    return Figure("cold start", round(statistics.median(times), 3), "s", 1.3, None, detail)


@dataclass(slots=True)
class ServerProcess:
    """A server in a process of its own, and one keep-alive connection to it."""

    pid: int
    connection: http.client.HTTPConnection

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, bytes]:
        """Return milliseconds until the first byte of the body, and the whole body."""
        begun = time.perf_counter()
        self.connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        response = self.connection.getresponse()
        first = response.read(1)
        elapsed_ms = (time.perf_counter() - begun) * 1000
        rest = response.read()
        if response.status != http.client.OK:
            raise TingshuoError(f"the server answered {response.status} while it was measured: {(first + rest)[:200]!r}")
        return elapsed_ms, first + rest

    def memory_mb(self, field: str) -> float:
        """Return a field of /proc/PID/status: VmRSS (now) or VmHWM (the peak)."""
        for line in Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / MB
        raise TingshuoError(f"/proc/{self.pid}/status has no {field}; memory is measured on Linux only")


@contextmanager
def running_server(voice: str) -> Iterator[ServerProcess]:
    """Start a server on a free port, wait until it can speak, and stop it at the end."""
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0", "--voice", voice]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            address = process.stdout.readline().rpartition("//")[2].strip()
            if not address:
                raise TingshuoError("the server did not start")
            connection = http.client.HTTPConnection(address, timeout=120)
            _wait_until_ready(connection)
            yield ServerProcess(process.pid, connection)
            connection.close()
        finally:
            process.terminate()


def server_figures(voice: str, requests: int, on_request: Callable[[], None], first_audio_runs: int = 20) -> Iterator[Figure]:
    """Yield first audio of a warm server, and its memory over twice so many requests; ``on_request`` is called after each.

    Resident memory moves by a few percent from one request to the next, so growth compares medians of many readings: those
    of the last quarter before ``requests`` and of the last quarter before the end.
    """
    with running_server(voice) as server:
        first = []
        for seed in range(first_audio_runs):
            body = {"input": TWO_HUNDRED, "response_format": "pcm", "seed": seed}
            first.append(server.post("/v1/audio/speech", body)[0])
        detail = f"{len(TWO_HUNDRED)} characters, median of {len(first)} seen by a client; the slowest {max(first):.0f} ms"
        yield Figure("first audio, warm server", round(statistics.median(first), 1), "ms", 60, 30, detail)
        resident = []
        for n in range(2 * requests):
            server.post("/api/tts", varied_request(n))
            resident.append(server.memory_mb("VmRSS"))
            on_request()
        detail = f"over {2 * requests} different requests of 1 to {len(TWO_HUNDRED)} characters"
        yield Figure("peak memory of the server", round(server.memory_mb("VmHWM")), "MB", 300, None, detail)
        quarter = max(1, requests // 4)
        early, late = (statistics.median(resident[end - quarter : end]) for end in (requests, 2 * requests))
        detail = f"medians of {quarter} readings, {late:.0f} / {early:.0f} MB; 1 is flat"
        yield Figure(f"memory after {2 * requests} / {requests} requests", round(late / early, 3), "", 1.05, None, detail)


def varied_request(n: int) -> dict[str, Any]:
    """Return the n-th of many requests that differ in length, emotion, speed, pitch, seed and format."""
    length = 1 + (n * 37) % len(TWO_HUNDRED)
    text = (f"{n}，" + TWO_HUNDRED)[:length]
    return {
        "text": text,
        "emotion": EMOTIONS[n % len(EMOTIONS)],
        "speed": 0.8 + 0.1 * (n % 5),
        "pitch": n % 7 - 3,
        "seed": n,
        "format": ("wav", "mp3", "opus", "flac")[n % 4],
    }


def _wait_until_ready(connection: http.client.HTTPConnection) -> None:
    for _ in range(200):
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        response.read()
        if response.status == http.client.OK:
            return
        time.sleep(0.05)
    raise TingshuoError("the server did not become ready")
