"""The application and its life: make it, open the voice, listen, stop in order.

A request to speak goes: route (`api`, `openai`) -> body checked (`bodies`) -> `serve.take.Order` -> a job in `serve.workers` ->
reply (`replies`). One to hear: `transcriptions` -> form checked, recording on the disk (`forms`, `uploads`) -> `serve.hearing` ->
a job -> reply.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.config import STARTUP_FAILURE

from tingshuo import __version__
from tingshuo.app.http import admin, api, funasr, listen_socket, openai, runtime_socket, status, transcriptions, wenet
from tingshuo.app.http import socket as speech_socket
from tingshuo.app.http.access import Access
from tingshuo.app.http.addresses import tell_address
from tingshuo.app.http.bodies import MAX_BODY_BYTES
from tingshuo.app.http.draining import Door, LeavingProtocol
from tingshuo.app.http.middleware import Counted, CutOff, HeadLikeGet
from tingshuo.app.http.pages import pages_router, read_pages
from tingshuo.app.http.replies import ERROR_REPLY, HANDLERS, WARNINGS_HEADER
from tingshuo.app.http.security_headers import SecurityHeaders
from tingshuo.app.http.settings import GRACE_S
from tingshuo.app.http.tls import server_options
from tingshuo.app.http.tracing import Traced, open_provider
from tingshuo.app.http.uploads import LARGEST_MB, MEGABYTE, Uploads
from tingshuo.errors import TingshuoError
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.editions import Editions
from tingshuo.serve.link import Alone, Link, Processes
from tingshuo.serve.numbers import STEP_S, Window
from tingshuo.serve.service import Service

log = logging.getLogger("tingshuo.http")

DESCRIPTION = (
    "Chinese speech from text, and text from speech. "
    "Errors are `{error: {message, type, param, code}}` with a sentence for people."
)


def create_app(
    service: Service,
    *,
    gate: Gate | None = None,
    processes: Processes | None = None,
    allow_origins: Sequence[str] = (),
    upload_bytes: int = LARGEST_MB * MEGABYTE,
    on_failure: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the application of a service.

    Parameters
    ----------
    service : Service
        Not yet ready: its voice is opened when the application starts.
    gate : Gate or None
        Who may do what; None is everybody everything, but for ``/admin``.
    processes : Processes or None
        Those of the server; None is that there is this one alone.
    allow_origins : sequence of str
        Other origins whose pages may use the API, ``*`` for all.
    upload_bytes : int
        The most that a recording may have.
    on_failure : callable
        Called when the voice cannot be opened; the reason is in ``service.failure``.
    """
    uploads = Uploads(upload_bytes)

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        opening = asyncio.create_task(_open(service, on_failure))
        noting = asyncio.create_task(_note(service.metrics.window))
        try:
            yield
        finally:
            noting.cancel()
            await opening
            service.workers.close()
            await service.results.aclose()
            uploads.close()

    app = FastAPI(
        title="Tingshuo 听说",
        version=__version__,
        description=DESCRIPTION,
        lifespan=life,
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
    )
    app.state.service = service
    app.state.processes = processes or Alone(service)
    app.state.uploads = uploads
    for routes in (api, openai, transcriptions, speech_socket, listen_socket, funasr, wenet, runtime_socket, status, admin):
        app.include_router(routes.router, responses={"default": ERROR_REPLY})
    app.include_router(pages_router(app, read_pages()))
    app.add_middleware(HeadLikeGet)
    app.add_middleware(Access, gate=gate or Gate())
    app.add_middleware(Counted, metrics=service.metrics)
    if (provider := open_provider()) is not None:
        app.add_middleware(Traced, provider=provider)
    app.add_middleware(CutOff)
    if allow_origins:
        exposed = ["Server-Timing", "Retry-After", WARNINGS_HEADER]
        app.add_middleware(
            CORSMiddleware, allow_origins=list(allow_origins), allow_methods=["*"], allow_headers=["*"], expose_headers=exposed
        )
    app.add_middleware(SecurityHeaders)
    return app


async def _open(service: Service, on_failure: Callable[[], None]) -> None:
    try:
        await asyncio.wrap_future(service.open())
    except Exception as error:  # whatever it is: the server cannot do its work, and says why where it is asked
        service.failure = error
        on_failure()
    else:
        service.ready = True


async def _note(window: Window) -> None:
    while True:
        window.note()
        await asyncio.sleep(STEP_S)


class Server(uvicorn.Server):
    """A server that says where it listens, takes connections in one by one, and drops none when it stops.

    Parameters
    ----------
    config : uvicorn.Config
        Its time for a graceful end is that which replies under way have.
    service : Service
        Is told when the server stops.
    on_started : callable
        Coroutine function, called on the event loop when it listens.
    announce : bool
        Print the address.
    """

    def __init__(
        self, config: uvicorn.Config, service: Service, on_started: Callable[[], Awaitable[None]], *, announce: bool = True
    ) -> None:
        super().__init__(config)
        self._service, self._on_started, self._announce = service, on_started, announce
        self._doors: list[Door] = []
        self.servers = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise SystemExit(STARTUP_FAILURE)
        make = partial(LeavingProtocol, self.config, self.server_state, self.lifespan.state)
        self._doors = [Door(listener, make, self.config.ssl) for listener in sockets or ()]
        self.started = True
        await self._on_started()
        if sockets and self._announce:
            tell_address(sockets[0], secure=self.config.is_ssl)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and tell so at once whoever asks."""
        self._service.stopping = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in who waits, finish what is under way, and close; what outlives its time is cut off."""
        self._service.stopping = True
        for door in self._doors:
            await door.close()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._finish()
        except TimeoutError:
            log.error("%d replies are cut off, as they were not finished in time", len(self.server_state.tasks))
            for task in self.server_state.tasks:
                task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def _finish(self) -> None:
        """Wait until all is finished; sockets are closed when nothing is being spoken any more."""
        asked = set[object]()
        while (self.server_state.connections or self.server_state.tasks) and not self.force_exit:
            for connection in list(self.server_state.connections):
                is_socket = not isinstance(connection, LeavingProtocol)
                if connection not in asked and not (is_socket and self._service.workers.active):
                    asked.add(connection)
                    connection.shutdown()
            await asyncio.sleep(0.02)


def run(
    service: Service,
    listener: socket.socket,
    *,
    gate: Gate | None = None,
    editions: Editions | None = None,
    link: Link | None = None,
    tls: tuple[Path | None, Path | None] = (None, None),
    allow_origins: Sequence[str] = (),
    upload_bytes: int = LARGEST_MB * MEGABYTE,
    grace_s: float = GRACE_S,
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT or SIGTERM; replies under way are finished first. SIGHUP reads the voices again.

    Parameters
    ----------
    service, listener
        What speaks and hears, and where.
    gate, allow_origins, upload_bytes
        See `create_app`.
    editions : Editions or None
        How the voices are read again; None is never.
    link : Link or None
        To the parent, where this is one of several processes.
    tls : pair of Path or None
        Certificate and key.
    grace_s : float
        How long replies under way may take in the end.
    log_level : str
        Of uvicorn.

    Raises
    ------
    TingshuoError
        The voice could not be opened.
    """
    editions = editions or Editions(service, lambda: service.voices.catalogue)
    alone = Alone(service, editions)
    server: Server

    def stop() -> None:
        server.should_exit = True

    async def started() -> None:
        if link is not None:
            await link.start(service, editions, stop)
        else:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: asyncio.ensure_future(_reload(alone)))

    app = create_app(
        service, gate=gate, processes=link or alone, allow_origins=allow_origins, upload_bytes=upload_bytes, on_failure=stop
    )
    config = uvicorn.Config(
        app,
        log_level=log_level,
        server_header=False,
        http=LeavingProtocol,
        timeout_graceful_shutdown=grace_s,  # type: ignore[arg-type]
        lifespan="on",
        ws_max_size=MAX_BODY_BYTES,
        ws_per_message_deflate=False,  # audio does not become smaller
        **server_options(*tls),
    )
    server = Server(config, service, started, announce=link is None)
    with contextlib.suppress(KeyboardInterrupt), listener:
        previous = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises the signal again when it is done
        try:
            server.run(sockets=[listener])
        finally:
            signal.signal(signal.SIGTERM, previous)
    if service.failure is not None:
        raise service.failure


async def _reload(alone: Alone) -> None:
    """Read the voices again, because of a signal."""
    try:
        (done,) = await alone.reload()
    except TingshuoError as error:
        log.error("%s", error)
    else:
        log.warning("the voices were read again: %s", done["voices"] or "nothing has changed")
