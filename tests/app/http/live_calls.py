"""A server that hears in chunks, and a client that speaks to its web sockets."""

import dataclasses
import json
from collections.abc import Iterable

import numpy as np
from tests.serve.fake_voice import FakeVoice, service_of
from tests.tasks.recognise.chunked import bursts, chunked
from websockets.sync.client import ClientConnection

from tingshuo.serve.listeners import Listeners
from tingshuo.serve.service import Service

PIECE = 3200
"""Bytes of a message: 0.1 s."""


def hearing_service(bundle, recogniser=None) -> Service:
    """A server's state with a recogniser ``ear``; it says 嘟 for each burst of sound."""
    service, heard = service_of(FakeVoice(), bundle), recogniser or chunked()
    manifest = bundle.manifest.replace(task="asr", languages=("zh",), name="ear")
    ear = dataclasses.replace(bundle, manifest=manifest)
    service.listeners = Listeners({"ear": ear}, default="ear", load=lambda *_: heard)
    return service


def sound(count: int, rate: int = 16000, **around: float) -> bytes:
    """Bursts as 16-bit samples."""
    return (bursts(count, rate, **around) * 32767).astype("<i2").tobytes()


def floats(count: int) -> bytes:
    return bursts(count).astype("<f4").tobytes()


class Caller:
    """A client of a connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, **fields: object) -> None:
        self.connection.send(json.dumps(fields))

    def send(self, data: bytes, piece: int = PIECE) -> None:
        for first in range(0, len(data), piece):
            self.connection.send(data[first : first + piece])

    def next(self) -> dict:
        return json.loads(self.connection.recv(timeout=20))

    def heard(self, **last: object) -> list[dict]:
        """Return messages up to one that has these fields."""
        found = [self.next()]
        while not last.items() <= found[-1].items():
            found.append(self.next())
        return found


def only(messages: Iterable[dict], **fields: object) -> list[dict]:
    return [one for one in messages if fields.items() <= one.items()]


def random_cuts(data: bytes, seed: int) -> list[bytes]:
    """Cut bytes anywhere."""
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(data), 40)).tolist()
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
