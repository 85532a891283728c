"""How soon a server speaks, and how much memory it takes, with 2 GB to itself.

    python benchmarks/serving_memory.py [--voice default] [--limit-mb 2048] [--requests 20] [--ready-s 2] [--peak-mb 350]

Each of three starts is timed from the process to the first 200 of /readyz. Then two clients ask at the same time, for texts of 20
to 400 characters, as streams and as files, and the highest resident memory is read. The process lives in a group of its own with
that much memory (cgroup v2 or v1); where none can be made its address space is limited instead, to four times as much since
files that are mapped count there, and that is said. Beyond ``--ready-s`` or ``--peak-mb`` it ends with exit code 1.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tingshuo.app.cli.figures import TWO_HUNDRED

STARTS = 3
MB = 1 << 20
GROUPS = (
    ("/sys/fs/cgroup", "memory.max", "cgroup v2"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "cgroup v1"),
)


@dataclass
class Cap:
    """How memory is limited: a word for it, and what a process does to come under it."""

    name: str
    enter: Callable[[], None]


@contextlib.contextmanager
def capped(limit_bytes: int) -> Iterator[Cap]:
    """Make a group of processes with so much memory."""
    for root, file, name in GROUPS:
        group = Path(root, f"tingshuo-{os.getpid()}")
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / file).exists():
                (group / file).write_text(str(limit_bytes))
                yield Cap(name, lambda group=group: entered(group))  # type: ignore[misc]
                return
        finally:
            wait_until_gone(group)
    address_space = 4 * limit_bytes
    yield Cap(
        f"address space of {address_space // MB} MB, as no cgroup can be made here",
        lambda: resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space)),
    )


def entered(group: Path) -> None:
    """Move this process into a group."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def wait_until_gone(group: Path) -> None:
    """Remove a group; its last process may still be on its way out."""
    for _ in range(100):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def server(voice: str, cap: Cap) -> Iterator[tuple[str, int, float]]:
    """Start a server; yields its address, its process, and the seconds until it was ready."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0", "--voice", voice, "--max-wait", "3600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=cap.enter) as process:
        try:
            assert process.stdout is not None
            url = re.findall(r"http://\S+", process.stdout.readline())[0]
            while not is_ready(url):
                time.sleep(0.01)
            yield url, process.pid, time.monotonic() - begun
            if process.poll() is not None:
                raise SystemExit(f"FAILED: the server has ended with {process.returncode}: {cap.name} is too little")
        finally:
            process.terminate()


def is_ready(url: str) -> bool:
    """Whether the server speaks."""
    try:
        with urllib.request.urlopen(f"{url}/readyz") as reply:
            return bool(reply.status == 200)
    except urllib.error.HTTPError:
        return False


def speak(url: str, number: int) -> float:
    """Ask for a text of its own, as a stream or as a file; returns the seconds that the reply took."""
    text = (TWO_HUNDRED * 2)[: 20 + number * 97 % 381]
    path, field = (("/v1/audio/speech", "input"), ("/api/tts", "text"))[number % 2]
    body = json.dumps({field: text, "seed": number}).encode()
    begun = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url + path, body, {"content-type": "application/json"})) as reply:
        reply.read()
    return time.monotonic() - begun


def memory_mb(pid: int, field: str) -> float:
    """Return a field of /proc/PID/status in MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


def processor_s(pid: int) -> float:
    """Return the seconds that all threads of a process have worked (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure, print, and say whether it is within the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", default="default")
    parser.add_argument("--limit-mb", type=int, default=2048)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--ready-s", type=float, default=2.0)
    parser.add_argument("--peak-mb", type=float, default=350.0)
    given = parser.parse_args()
    starts, worked = [], []
    with capped(given.limit_mb * MB) as cap:
        for _ in range(STARTS):
            with server(given.voice, cap) as (url, pid, ready_s):
                starts.append(ready_s)
                worked.append(processor_s(pid))
                if len(starts) < STARTS:
                    continue
                idle_mb = memory_mb(pid, "VmHWM")
                with ThreadPoolExecutor(2) as pool:
                    took = list(pool.map(lambda number: speak(url, number), range(given.requests)))
                peak_mb, now_mb = memory_mb(pid, "VmHWM"), memory_mb(pid, "VmRSS")
    ready_s = statistics.median(starts)
    print(f"{given.voice}, {given.limit_mb} MB by {cap.name}")
    seconds = ", ".join(f"{s:.2f}" for s in starts)
    print(f"ready after {seconds} s (median {ready_s:.2f}); the processor worked {statistics.median(worked):.2f} s for that")
    print(f"memory: at most {idle_mb:.0f} MB when ready, {peak_mb:.0f} MB after {given.requests} requests; {now_mb:.0f} MB now")
    print(f"a reply took {statistics.median(took):.2f} s (median), {max(took):.2f} s at most")
    troubles = [f"ready after {ready_s:.2f} s, {given.ready_s:g} are allowed"] * (ready_s > given.ready_s)
    troubles += [f"{peak_mb:.0f} MB at most, {given.peak_mb:g} are allowed"] * (peak_mb > given.peak_mb)
    for trouble in troubles:
        print(f"FAILED: {trouble}")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
