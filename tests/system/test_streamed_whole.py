"""A stream has the samples of the whole, to the last bit: through HTTP and through a socket, for short and long texts, for one
client and for many at once. The built-in voice speaks, in a process of its own."""

import io
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from tests.system.processes import PATIENCE_S, ServerProcess, server_process
from websockets.sync.client import connect

from tingshuo.app.cli.figures import TWO_HUNDRED
from tingshuo.app.cli.main import run
from tingshuo.audio.write import encode

LENGTHS = (1, 2, 17, 200)
BOOK = (TWO_HUNDRED * 10)[:2000]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """Promises audio as late as it takes, so that a slow machine refuses nobody."""
    with server_process("--max-wait", "3600") as server:
        yield server


def text_of(length: int, seed: int) -> str:
    """Return text of so many characters, another for each seed; it has at least one that is spoken."""
    return (TWO_HUNDRED[seed * 7 :] + TWO_HUNDRED)[:length]


def over_http(server: ServerProcess, text: str, seed: int) -> bytes:
    body = {"input": text, "seed": seed, "response_format": "pcm"}
    reply = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
    assert reply.status_code == 200, reply.text
    return reply.content


def over_socket(server: ServerProcess, text: str, seed: int) -> bytes:
    """Send the text in pieces of any length, and return all audio."""
    chance, audio = random.Random(seed), bytearray()
    with connect(f"ws{server.url.removeprefix('http')}/v1/audio/speech/stream") as socket:
        socket.send(json.dumps({"type": "session.config", "seed": seed}))
        while text:
            piece = chance.randrange(1, 1 + min(len(text), 50))
            socket.send(json.dumps({"type": "input.text", "text": text[:piece]}))
            text = text[piece:]
        socket.send('{"type": "input.done"}')
        while True:
            message = socket.recv(PATIENCE_S)
            if isinstance(message, bytes):
                audio += message
            elif (told := json.loads(message))["type"] in ("audio.done", "error"):
                assert told["type"] == "audio.done", told
                return bytes(audio)


@pytest.mark.parametrize("clients", [1, 8, 32])
def test_samples_are_those_of_the_whole(server: ServerProcess, voice, clients: int) -> None:
    """Half of the clients use HTTP, half sockets; a single one uses both, one after the other, and asks for a long text too."""
    orders = [(text_of(length, seed), seed) for seed in range(1, 1 + max(1, clients // 8)) for length in LENGTHS]
    if clients == 1:
        orders.append((BOOK, 1))
    with ThreadPoolExecutor(clients) as pool:
        streamed = [pool.submit(door, server, *order) for order in orders for door in (over_http, over_socket)]
        whole = [encode(voice.synthesize(text, seed=seed).wav, voice.sample_rate, "pcm") for text, seed in orders]
        for number, future in enumerate(streamed):
            assert future.result() == whole[number // 2], (clients, orders[number // 2])
    assert len(whole[-1]) > 100_000


def test_a_streamed_wav_has_the_samples_of_the_command_s(server: ServerProcess, voice, tmp_path: Path) -> None:
    """And both begin with those of Python; what a label adds comes behind."""
    text = text_of(60, 3)
    assert run(["say", text, "-o", str(tmp_path / "whole.wav"), "--seed", "3"]) == 0
    body = {"input": text, "seed": 3, "response_format": "wav"}
    reply = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=PATIENCE_S)
    head, mark, rest = reply.content.partition(b"data")
    streamed = np.frombuffer(rest[4:], "<i2")
    assert (head[:4], mark) == (b"RIFF", b"data")
    whole, _ = soundfile.read(tmp_path / "whole.wav", dtype="int16")
    finished = httpx.post(f"{server.url}/api/tts", json={"text": text, "seed": 3}, timeout=PATIENCE_S).json()
    file, _ = soundfile.read(io.BytesIO(httpx.get(server.url + finished["audio_url"]).content), dtype="int16")
    bare = np.frombuffer(encode(voice.synthesize(text, seed=3).wav, voice.sample_rate, "pcm"), "<i2")
    np.testing.assert_array_equal(streamed, whole)
    np.testing.assert_array_equal(streamed, file)
    np.testing.assert_array_equal(streamed[: len(bare)], bare)
