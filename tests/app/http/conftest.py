"""A server behind the gate: the real routes, and one of the test's own below /admin."""

import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from tingshuo.app.http.addresses import listen
from tingshuo.app.http.server import create_app
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.service import Service


@contextlib.contextmanager
def serving_guarded(service: Service, gate: Gate | None = None, **options: object) -> Iterator[httpx.Client]:
    """Serve behind a gate in a thread of this process, and stop in order; a client that follows no redirects."""
    app = create_app(service, gate=gate)

    @app.get("/admin/voices")
    async def admin() -> dict[str, str]:
        return {"administration": "open"}

    with listen("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        config = uvicorn.Config(app, log_config=None, lifespan="on", **{"proxy_headers": False} | options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=30) as client:
                while not server.started:
                    thread.join(0.01)
                while not service.ready:
                    assert service.failure is None, service.failure
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def serve_guarded():
    """`serving_guarded`, as a fixture because test folders are not packages."""
    return serving_guarded


class Clock:
    """Seconds since 1970, set by hand."""

    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
