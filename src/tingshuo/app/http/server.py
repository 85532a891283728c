"""The application and its life: make it, open the voice, listen, stop in order.

A request goes: route (`api`, `openai`) -> body checked (`bodies`) -> `serve.take.Order` -> a job in `serve.workers` -> reply
(`replies`).
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from tingshuo import __version__
from tingshuo.app.http import api, openai, status
from tingshuo.app.http import socket as speech_socket
from tingshuo.app.http.access import Access
from tingshuo.app.http.bodies import MAX_BODY_BYTES
from tingshuo.app.http.middleware import Counted, CutOff, HeadLikeGet
from tingshuo.app.http.pages import pages_router, read_pages
from tingshuo.app.http.protocol import PatientProtocol
from tingshuo.app.http.replies import ERROR_REPLY, HANDLERS, WARNINGS_HEADER
from tingshuo.app.http.security_headers import SecurityHeaders
from tingshuo.app.http.tls import server_options
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import RequestError, SealedError
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.serve.service import QUEUE, Service
from tingshuo.serve.workers import MAX_WAIT_S, Workers
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import Bundle, Hasher, open_bundle
from tingshuo.store.consent import check_consent
from tingshuo.store.hash_cache import HashCache
from tingshuo.store.policy import Policy, check
from tingshuo.store.sealing import readable
from tingshuo.tasks.tts import Voice
from tingshuo.tasks.voices import find_voice, list_voices

GRACE_S = 10
"""Time that replies under way have to finish when the server is asked to stop."""

log = logging.getLogger("tingshuo.http")


def create_service(
    voice: str = "default",
    threads: int | None = None,
    policy: Policy | None = None,
    *,
    paranoid: bool = False,
    budget_bytes: int | None = None,
    max_wait_s: float = MAX_WAIT_S,
    lead_s: float | None = None,
) -> Service:
    """Return the state of a server for the installed voices.

    Parameters
    ----------
    voice : str
        Name or path of the voice that requests get by default.
    threads : int or None
        Chunks computed at the same time; None is one per usable core, two at most.
    policy : Policy or None
        Who must have signed each voice; None asks for no signatures.
    paranoid : bool
        Read every byte of every voice, also of files that have not changed since they were last hashed.
    budget_bytes : int or None
        Of weights in memory, see `Voices`.
    max_wait_s, lead_s : float
        See `Workers`.

    Raises
    ------
    UnknownVoiceError
        No such voice.
    SignatureError
        The policy does not allow a voice; no bundle has been opened then.
    ConsentError
        The voice that requests get by default may not speak any more.
    SealedError
        It is encrypted, and there is no key.
    BundleError
        The bundle of a voice is damaged, or a file of it was changed (`HashMismatchError`): all are checked here, once.
    """
    folders = {name: find_voice(name) for name in list_voices()} | {"default": find_voice(voice)}
    if policy is not None:
        for folder in sorted(set(folders.values())):
            signed = check(folder, policy)
            log.info("%s is signed with %s", folder, signed.key.label)
    known = HashCache()
    bundles = _open_all(folders, hash_file if paranoid else known)
    known.write()
    check_consent(bundles[folders["default"]].manifest, date.today())
    catalogue = {name: bundles[folder] for name, folder in folders.items() if folder in bundles}
    workers = Workers(threads or min(2, usable_cpus()), QUEUE, max_wait_s=max_wait_s, lead_s=lead_s)
    return Service(ScopedVoices(partial(Voice, threads=1), catalogue, budget_bytes=budget_bytes), workers)


def _open_all(folders: Mapping[str, Path], hasher: Hasher) -> dict[Path, Bundle]:
    """Open and check the bundles; those that are encrypted and have no key here are left out, unless one is the default."""
    bundles = {}
    for folder in set(folders.values()):
        opened = open_bundle(folder, verify=True, hasher=hasher)
        try:
            bundles[folder] = readable(opened)
        except SealedError as error:
            if folder == folders["default"]:
                raise
            log.warning("%s", error)
    return bundles


def create_app(
    service: Service,
    *,
    gate: Gate | None = None,
    allow_origins: Sequence[str] = (),
    on_failure: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the application of a service.

    Parameters
    ----------
    service : Service
        Not yet ready: its voice is opened when the application starts.
    gate : Gate or None
        Who may do what; None is everybody everything, but for ``/admin``.
    allow_origins : sequence of str
        Other origins whose pages may use the API, ``*`` for all.
    on_failure : callable
        Called when the voice cannot be opened; the reason is in ``service.failure``.
    """

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        opening = asyncio.create_task(_open(service, on_failure))
        try:
            yield
        finally:
            await opening
            service.workers.close()
            service.results.close()

    app = FastAPI(
        title="Tingshuo 听说",
        version=__version__,
        description="Chinese speech from text. Errors are `{error: {message, type, param, code}}` with a sentence for people.",
        lifespan=life,
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
    )
    app.state.service = service
    for routes in (api, openai, speech_socket, status):
        app.include_router(routes.router, responses={"default": ERROR_REPLY})
    app.include_router(pages_router(app, read_pages()))
    app.add_middleware(HeadLikeGet)
    app.add_middleware(Access, gate=gate or Gate())
    app.add_middleware(Counted, metrics=service.metrics)
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
        await service.workers.run(service.warm_up)
    except Exception as error:  # whatever it is: the server cannot do its work, and says why where it is asked
        service.failure = error
        on_failure()
    else:
        service.ready = True


class Server(uvicorn.Server):
    """A server that says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            scheme = "https" if self.config.is_ssl else "http"
            print(f"Tingshuo listens on {scheme}://{shown}:{port}", flush=True)  # noqa: T201


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    RequestError
        The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends small writes at once (TCP_NODELAY) only on sockets that name it; without,
    # the body of a reply waits 40 ms for the client's acknowledgement of its headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RequestError(f"cannot listen on {host}:{port}: {reason}; choose another with --host and --port", "port") from error
    return listener


def run(
    service: Service,
    listener: socket.socket,
    *,
    gate: Gate | None = None,
    tls: tuple[Path | None, Path | None] = (None, None),
    allow_origins: Sequence[str] = (),
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT or SIGTERM; replies under way are finished first.

    Raises
    ------
    TingshuoError
        The voice could not be opened.
    """
    server: Server

    def stop() -> None:
        server.should_exit = True

    options = server_options(*tls)
    app = create_app(service, gate=gate, allow_origins=allow_origins, on_failure=stop)
    config = uvicorn.Config(
        app,
        log_level=log_level,
        server_header=False,
        http=PatientProtocol,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
        ws_max_size=MAX_BODY_BYTES,
        ws_per_message_deflate=False,  # audio does not become smaller
        **options,
    )
    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt), listener:
        previous = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises the signal again when it is done
        try:
            server.run(sockets=[listener])
        finally:
            signal.signal(signal.SIGTERM, previous)
    if service.failure is not None:
        raise service.failure
