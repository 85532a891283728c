"""Stopping: who waits is taken in, who is being answered is answered, and who may still ask gets a moment."""

import asyncio
import errno
import socket
import threading

import pytest
import uvicorn

from tingshuo.app.http import draining
from tingshuo.app.http.addresses import listen
from tingshuo.app.http.draining import Door, LeavingProtocol
from tingshuo.app.http.server import Server, create_app


class Counting(asyncio.Protocol):
    """Counts those who were let in, of each door."""

    def __init__(self, met):
        self.met = met

    def connection_made(self, transport):
        self.met.append(transport)


def leave(met):
    """Close those who were let in."""
    for transport in met:
        transport.abort()


def knock(listener, count):
    """Connect a few times; nobody has been let in when it returns."""
    return [socket.create_connection(listener.getsockname()) for _ in range(count)]


def test_who_waits_when_the_door_closes_is_let_in():
    met = []

    async def scenario(listener):
        door = Door(listener, lambda: Counting(met))
        await door.close()  # before the event loop has looked at it even once
        leave(met)

    with listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        waiting = knock(listener, 5)
        asyncio.run(scenario(listener))
        assert len(met) == 5
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        for one in waiting:
            one.close()


def test_two_doors_of_a_socket_share_who_comes():
    """As two processes do; one alone would take all at once."""
    met = [], []

    async def scenario(listener):
        doors = [Door(listener.dup(), lambda place=place: Counting(place)) for place in met]
        while sum(map(len, met)) < 8:
            await asyncio.sleep(0)
        for door in doors:
            await door.close()
        leave([*met[0], *met[1]])

    with listen("127.0.0.1", 0) as listener:
        waiting = knock(listener, 8)
        asyncio.run(scenario(listener))
        assert [len(place) for place in met] == [4, 4]
        for one in waiting:
            one.close()


def test_without_descriptors_it_waits_and_goes_on(monkeypatch):
    monkeypatch.setattr(draining, "PAUSE_S", 0.001)
    met = []

    class Exhausted:
        """A socket that cannot accept the first two times."""

        def __init__(self, listener):
            self.listener, self.tries = listener, 0

        def __getattr__(self, name):
            return getattr(self.listener, name)

        def accept(self):
            self.tries += 1
            if self.tries < 3:
                raise OSError(errno.EMFILE if self.tries == 1 else errno.ECONNABORTED, "no")
            return self.listener.accept()

    async def scenario(listener):
        door = Door(Exhausted(listener), lambda: Counting(met))
        while not met:
            await asyncio.sleep(0)
        await door.close()
        leave(met)

    with listen("127.0.0.1", 0) as listener:
        (waiting,) = knock(listener, 1)
        asyncio.run(scenario(listener))
        waiting.close()


class Running:
    """A server of ours in a thread, with a service of tones."""

    def __init__(self, service):
        async def started():
            pass

        self.listener = listen("127.0.0.1", 0)
        self.address = self.listener.getsockname()
        config = uvicorn.Config(
            create_app(service), log_config=None, lifespan="on", http=LeavingProtocol, timeout_graceful_shutdown=60
        )
        self.server = Server(config, service, started, announce=False)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join()

    def connect(self):
        connection = socket.create_connection(self.address, timeout=60)
        ask(connection)
        assert b"200 OK" in answer(connection)
        return connection


ASK = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


def ask(connection):
    connection.sendall(ASK)


def answer(connection):
    """Read a whole small reply."""
    found = b""
    while not found.endswith(b'{"status":"ok"}'):
        part = connection.recv(1000)
        assert part, found
        found += part
    return found


def stopping(running):
    """Have a server stop, and wait until it takes nobody in any more."""
    running.server.should_exit = True
    while running.listener.fileno() >= 0:
        pass


def test_a_request_that_was_on_its_way_is_answered(service, monkeypatch):
    monkeypatch.setattr(draining, "LINGER_S", 60.0)
    with Running(service) as running, running.connect() as used, socket.create_connection(running.address, timeout=60) as fresh:
        fresh.sendall(ASK[:7])
        stopping(running)
        ask(used)
        fresh.sendall(ASK[7:])
        for connection in (used, fresh):
            reply = answer(connection)
            assert b"connection: close" in reply
            assert connection.recv(1) == b""
    assert service.stopping


def test_a_connection_that_brings_nothing_is_closed(service, monkeypatch):
    monkeypatch.setattr(draining, "LINGER_S", 0.001)
    with Running(service) as running, running.connect() as idle:
        stopping(running)
        assert idle.recv(1) == b""


def test_a_stream_under_way_is_finished(service, fake_voice):
    release = threading.Event()
    with Running(service) as running:
        while not service.ready:
            assert service.failure is None
        fake_voice.before_chunk = lambda number: number == 0 or release.wait(60)
        body = '{"input": "一。二。三。", "model": "tts-1", "voice": "default", "response_format": "pcm"}'.encode()
        with socket.create_connection(running.address, timeout=60) as connection:
            lines = (
                "POST /v1/audio/speech HTTP/1.1",
                "host: x",
                "content-type: application/json",
                f"content-length: {len(body)}",
            )
            connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
            heard = connection.recv(1000)
            stopping(running)
            release.set()
            while part := connection.recv(100_000):
                heard += part
    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert heard.endswith(b"0\r\n\r\n")  # the end of a body in chunks
    assert service.metrics.cancelled._value.get() == 0
