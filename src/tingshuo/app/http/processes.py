"""One process of a server, or several that share its port: how they are made from `Settings`.

``python -m tingshuo.app.http.processes END LISTENER`` is a worker: two descriptors, of its connection to the parent, from which
the first line says who it is, and of the socket that all listen on. Each worker is a fresh interpreter rather than a fork, as the
libraries that run graphs start threads, which a fork would lose.
"""

import asyncio
import gc
import json
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tingshuo.app.http.addresses import tell_address
from tingshuo.app.http.settings import Settings
from tingshuo.engine.arenas import limit_arenas
from tingshuo.errors import TingshuoError, outcome
from tingshuo.serve.wire import line_of

if TYPE_CHECKING:
    from tingshuo.serve.access.gate import Gate
    from tingshuo.serve.link import Link

log = logging.getLogger("tingshuo.http")

LINGERING_S = 5.0
"""Beyond its grace, what a process may need to end."""


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until asked to stop, with as many processes as the settings say.

    Raises
    ------
    TingshuoError
        The server could not start.
    """
    if settings.processes == 1:
        serve_one(settings, listener)
    else:
        asyncio.run(supervise(settings, listener))


def serve_one(
    settings: Settings, listener: socket.socket, link: "Link | None" = None, hello: dict[str, Any] | None = None
) -> None:
    """Serve in this process.

    Parameters
    ----------
    settings : Settings
        What the operator said.
    listener : socket
        Where.
    link, hello : Link and dict, or None
        Of a worker: the way to its parent, and what that said (``number``, ``secret``, ``folder``).

    Raises
    ------
    TingshuoError
        The server could not start.
    """
    from tingshuo.app.labels import LabelOptions
    from tingshuo.audio.chunking import Rechunker
    from tingshuo.serve.cache.opening import CacheOptions, open_results
    from tingshuo.serve.catalogue import read_catalogue
    from tingshuo.serve.opening import open_service
    from tingshuo.store.policy import read_policy

    limit_arenas()
    gc.disable()  # nearly all that is made until the voice is open stays: looking through it would be a tenth of the start

    def policy() -> Any:
        return None if settings.require_signed is None else read_policy(settings.require_signed)

    number = 1 if hello is None else hello["number"]
    labels = LabelOptions(settings.label, settings.label_at, None, settings.producer, settings.watermark).rule(settings.agreement)
    folder = settings.cache_dir if hello is None or settings.cache_dir else Path(hello["folder"])
    cache = CacheOptions(folder, settings.cache_mb, settings.cache_ttl, settings.redis)
    Rechunker(settings.chunk)  # which refuses a length that cannot be
    gate = open_door(settings, number if hello else None)
    if hello is not None and link is not None:
        _share(gate, settings, link, bytes.fromhex(hello["secret"]))
    service = open_service(
        settings.voice,
        settings.threads_each,
        policy(),
        paranoid=settings.paranoid and number == 1,
        graph_threads=settings.threads_in_graphs,
        budget_bytes=settings.voice_memory_mb and settings.voice_memory_mb * 1_000_000,
        residents=settings.preload,
        max_wait_s=settings.max_wait,
        lead_s=settings.lead,
        chunk_s=settings.chunk,
        results=open_results(cache),
        labels=labels,
        listener=settings.listener,
    )
    service.open().add_done_callback(lambda _: gc.enable())
    # While the voice is being opened, as both take about as long.
    from tingshuo.app.http.server import run
    from tingshuo.serve.editions import Editions

    run(
        service,
        listener,
        gate=gate,
        editions=Editions(service, lambda: read_catalogue(settings.voice, policy(), paranoid=settings.paranoid)),
        link=link,
        tls=(settings.tls_cert, settings.tls_key),
        allow_origins=settings.allow_origin,
        upload_bytes=settings.upload_mb * 1_000_000,
        grace_s=settings.grace,
        log_level=settings.log_level,
    )


def open_door(settings: Settings, number: int | None = None) -> "Gate":
    """Return the gate of a process; the worker of a number has a record of its own, as a file has one writer.

    Raises
    ------
    TingshuoError
        See `open_gate`.
    """
    from tingshuo.serve.access.opening import open_gate

    audit = settings.audit
    if audit is not None and number is not None:
        audit = audit.with_name(f"{audit.stem}-{number}{audit.suffix}")
    return open_gate(
        keys=settings.keys,
        rates=settings.rate,
        concurrency=settings.concurrency,
        networks=settings.allow_network,
        trusted_proxies=settings.trusted_proxy,
        redis=settings.redis,
        audit=audit,
        audit_strict=settings.audit_strict,
    )


async def supervise(settings: Settings, listener: socket.socket) -> None:
    """Be the parent: start the workers and keep them until asked to stop.

    Raises
    ------
    TingshuoError
        The first could not start, or one had to be killed in the end.
    """
    from tingshuo.serve.cache.owned_folder import OwnedFolder
    from tingshuo.serve.supervisor import Supervisor

    folder = OwnedFolder(Path(tempfile.gettempdir()) / f"tingshuo-audio-{os.getuid()}")
    hello = {"settings": settings.dump(), "secret": secrets.token_hex(32), "folder": str(folder.path)}

    async def spawn(_: int, end: socket.socket) -> Process:
        descriptors = end.fileno(), listener.fileno()
        command = [sys.executable, "-m", __spec__.name, *map(str, descriptors)]
        # A group of its own: Ctrl-C is for the parent, which ends them in order.
        return await asyncio.create_subprocess_exec(*command, pass_fds=descriptors, process_group=0)

    def opened() -> None:
        tell_address(listener, secure=settings.tls_cert is not None)

    supervisor = Supervisor(
        spawn, settings.processes, hello, on_opened=opened, on_stop=listener.close, grace_s=settings.grace + LINGERING_S
    )
    try:
        await supervisor.run()
    finally:
        folder.close()


def _share(gate: "Gate", settings: Settings, link: "Link", secret: bytes) -> None:
    """Have a gate know the sessions of all processes, and count where all do."""
    from tingshuo.serve.desk import SharedCodes, SharedLimiter

    limiter = gate.limiter if settings.redis is not None else SharedLimiter(link)
    gate.share(secret, limiter, SharedLimiter(link), SharedCodes(link))


def main(descriptors: list[str]) -> int:
    """Be a worker; return its exit code. An error is told to the parent."""
    from tingshuo.serve.link import Link

    end, found = (socket.socket(fileno=int(number)) for number in descriptors)
    # Named, as asyncio sends small writes at once only where it is; not every system tells it of a descriptor.
    listener = socket.socket(found.family, found.type, socket.IPPROTO_TCP, fileno=found.detach())
    with end, listener, end.dup() as own:
        hello = json.loads(end.makefile("rb", buffering=0).readline())
        try:
            serve_one(Settings.load(hello["settings"]), listener, Link(own), hello)
        except TingshuoError as error:
            fields = {"kind": type(error).__name__, "message": str(error)}
            end.sendall(line_of({"ask": "failed", "with": fields}))
            return outcome(error).exit_code
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it is for the parent, which tells what is to be done
    sys.exit(main(sys.argv[1:]))
