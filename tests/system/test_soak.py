"""A server keeps nothing of the requests that are over. The long form, 20 000 requests to a process with the built-in voice, is
``benchmarks/soak.py``; its requests are asked here too, of a voice made of tones."""

import asyncio
import gc
import importlib.util
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from tests.app.conftest import serving, wait_until_ready
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.app.http.middleware import HeadLikeGet
from tingshuo.serve import numbers, results
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice

WARM_UP, REQUESTS, WINDOWS = 200, 80, 4
ALLOWED_BYTES = 1000
"""Of objects that live on, for each request: numbers that grow, what is kept on purpose and is as much at any time. A request
takes some ten kilobytes while it lasts, so that keeping any part of it stands out."""
PLANTED_BYTES = 8000


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    """The benchmark."""
    spec = importlib.util.spec_from_file_location("soak", Path(__file__).parents[2] / "benchmarks" / "soak.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    module.WRONG = tuple(row for row in module.WRONG if b"<speak" not in row[1])  # which the voice made of tones does not read
    return module


class Forgetful(FakeVoice):
    """Does not remember its streams, as the other does for tests."""

    def speak(self, *given):
        stream = super().speak(*given)
        self.streams.clear()
        return stream


@pytest.fixture
def grown(soak: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], float]]:
    """Ask a server; returns by how many bytes a request the objects of this process grow after the warm-up.

    The least of some windows: a table that is filled, or a connection that is still being closed, makes one of them larger, but
    what is kept of each request makes all of them so.
    """
    service = service_of(Forgetful(), open_bundle(find_voice("default")))
    # What is kept on purpose is as much as it may be after the warm-up: finished audio, what is known of it, a minute of numbers.
    service.results.limit_bytes = 200_000
    monkeypatch.setattr(results, "MOST", 20)
    monkeypatch.setattr(numbers, "STEP_S", 1e9)
    service.workers.limit = 100

    def ask() -> float:
        with serving(service) as client:
            wait_until_ready(client, service)
            traffic = soak.Traffic(str(client.base_url).rstrip("/"), random.Random(0))
            held = []
            for window in range(WINDOWS + 1):
                asyncio.run(soak.soak(traffic, WARM_UP + window * REQUESTS, 2, lambda _: None))
                held.append(living())
        assert not traffic.wrong
        assert {"speech", "file", "lines", "again", "error", "broken off", "socket", "status", "long"} == set(traffic.asked)
        return min(after - before for before, after in pairwise(held)) / REQUESTS

    tracemalloc.start()
    yield ask
    tracemalloc.stop()


def living() -> int:
    """Return the bytes of all Python objects that somebody still refers to."""
    for _ in range(3):
        gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_nothing_of_a_request_stays(grown: Callable[[], float]) -> None:
    threads = threading.active_count()
    assert grown() < ALLOWED_BYTES
    assert threading.active_count() <= threads


def test_a_planted_leak_is_found(grown: Callable[[], float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight kilobytes of each request are kept."""
    kept, pass_on = [], HeadLikeGet.__call__

    async def leaking(self, scope, receive, send):
        kept.append(bytearray(PLANTED_BYTES))
        await pass_on(self, scope, receive, send)

    monkeypatch.setattr(HeadLikeGet, "__call__", leaking)
    assert grown() > 2 * ALLOWED_BYTES
