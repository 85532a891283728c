"""A real server around a voice made of tones."""

import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.app.http.addresses import listen
from tingshuo.app.http.server import create_app
from tingshuo.serve.service import Service
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="session")
def bundle():
    """The built-in voice's bundle, for what the routes tell about it."""
    return open_bundle(find_voice("default"))


@contextlib.contextmanager
def serving(service: Service, *, http: object = "auto", **options: object) -> Iterator[httpx.Client]:
    """Serve in a thread of this process on a free port, and stop in order."""
    with listen("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        server = uvicorn.Server(uvicorn.Config(create_app(service, **options), log_config=None, lifespan="on", http=http))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def wait_until_ready(client: httpx.Client, service: Service) -> None:
    while client.get("/readyz").status_code != 200:
        assert service.failure is None, service.failure


@pytest.fixture
def serve():
    """`serving`, as a fixture because test folders are not packages."""
    return serving


@pytest.fixture
def fake_voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def service(fake_voice, bundle) -> Service:
    return service_of(fake_voice, bundle)


@pytest.fixture
def client(service, fake_voice) -> Iterator[httpx.Client]:
    """A client of a server that is ready, for one test: its state and its voice may be changed."""
    with serving(service) as client:
        wait_until_ready(client, service)
        fake_voice.streams.clear()
        fake_voice.closed.clear()
        yield client


@pytest.fixture(scope="session")
def shared_client(bundle) -> Iterator[httpx.Client]:
    """A client of a server for tests that only ask."""
    service = service_of(FakeVoice(), bundle)
    with serving(service) as client:
        wait_until_ready(client, service)
        yield client
