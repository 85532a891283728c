"""A server of two processes, one of which is killed or stopped in the middle of a stream: who listens to it hears that it broke
off, nobody else notices, and a new one takes its place."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.system.processes import PATIENCE_S, ServerProcess, server_process, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

TEXT = "今天天气真好，我们去公园吧！"
LONG = TEXT * 300
QUICK = """
import tingshuo.serve.supervisor as supervisor
supervisor.HUNG_TICKS = 3
"""
"""A parent that gives a process up that says nothing for three seconds."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with server_process("--workers", "2", "--threads", "1", "--max-wait", "3600", first=QUICK) as server:
        wait_until(lambda: len(workers(server)) == 2 and server.gauge("tingshuo_workers") == 2)
        yield server


def workers(server: ServerProcess) -> list[int]:
    """Return the processes that serve."""
    pid = server.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def speaks(server: ServerProcess, seed: int) -> bool:
    """Whether a text is spoken for a client on a connection of its own."""
    body = {"input": "好。", "seed": seed, "response_format": "pcm"}
    reply = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
    return reply.status_code == 200 and len(reply.content) > 10_000


def busy(pid: int) -> float:
    """Return the processor time of a process in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@contextlib.contextmanager
def listening(server: ServerProcess, seed: int) -> Iterator[tuple[Iterator[bytes], int]]:
    """Begin a long stream; yields it and the process that makes it."""
    before = {pid: busy(pid) for pid in workers(server)}
    with server.client() as client:
        body = {"input": LONG, "seed": seed, "response_format": "wav"}
        with client.stream("POST", "/v1/audio/speech", json=body) as reply:
            assert reply.status_code == 200
            parts = reply.iter_raw()
            next(parts)
            wait_until(lambda: max(busy(pid) - before[pid] for pid in before) > 20)
            yield parts, max(before, key=lambda pid: busy(pid) - before[pid])


def test_a_process_that_is_killed_in_a_stream(server: ServerProcess) -> None:
    with listening(server, 1) as (parts, pid):
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(httpx.RemoteProtocolError):  # half is not taken for the whole
            for _ in parts:
                pass
        assert all(speaks(server, 100 + n) for n in range(6)), "the other serves at once"
    wait_until(lambda: pid not in workers(server) and server.gauge("tingshuo_workers") == 2)
    assert all(speaks(server, 200 + n) for n in range(6))


def test_a_process_that_is_stopped_in_a_stream(server: ServerProcess) -> None:
    """Who is connected to it waits until it is given up; who comes meanwhile is served by the other."""
    with listening(server, 2) as (parts, pid):
        os.kill(pid, signal.SIGSTOP)
        assert all(speaks(server, 300 + n) for n in range(6))
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in parts:
                pass
    wait_until(lambda: pid not in workers(server) and server.gauge("tingshuo_workers") == 2)
    assert all(speaks(server, 400 + n) for n in range(6))
    assert any("does not answer and is killed" in line for line in server.said)
