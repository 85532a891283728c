"""``/healthz``, ``/readyz``, ``/metrics`` and ``/api/status``, for whoever watches over the server."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tingshuo import __version__
from tingshuo.app.http.api import the_service
from tingshuo.app.http.replies import JSONReply
from tingshuo.serve.link import Processes
from tingshuo.serve.listeners import Listeners
from tingshuo.serve.metrics import CONTENT_TYPE, render
from tingshuo.serve.numbers import Flat, figures, flat

router = APIRouter(tags=["status"])


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> Response:
    """200 as long as the server answers at all."""
    return JSONReply({"status": "ok"})


@router.get("/readyz", summary="Can it speak", responses={503: {"description": "Not yet, or no more; the body says why."}})
async def readyz(request: Request) -> Response:
    """200 when the default voice is open and warm; 503 before and while the server stops, with the reason."""
    service = the_service(request)
    if service.ready and not service.stopping:
        workers = service.workers
        return JSONReply({"status": "ready", "active": workers.active, "limit": workers.limit, "threads": workers.threads})
    reason = "the server is stopping" if service.stopping else "the voice is being opened"
    if service.failure is not None:
        reason = str(service.failure)
    return JSONReply({"status": "not ready", "reason": reason}, 503, {"retry-after": "1"})


@router.get("/metrics", summary="How it goes, for Prometheus", responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Requests, queue, first audio, real-time factor, underruns, caches, memory, of all processes: see docs/serve.md."""
    families = await the_processes(request).numbers()
    return Response(render(families), media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})


@router.get("/api/status", summary="How it goes, for a page that shows it live")
async def status(request: Request) -> Response:
    """The queue now, and what happened in the last minute and since the start, of all processes; nothing of who asked what."""
    told = await the_processes(request).status()
    recognisers = describe_listeners(the_service(request).listeners)
    return JSONReply(overview(told) | {"recognisers": recognisers}, headers={"cache-control": "no-store"})


def describe_listeners(listeners: Listeners) -> list[dict[str, Any]]:
    """Return the recognisers that a request may name; all processes have the same."""
    return [
        {
            "name": name,
            "version": bundle.manifest.version,
            "languages": list(listeners.languages(name)),
            "licence": bundle.manifest.licence,
            "default": name == listeners.default,
        }
        for name, bundle in listeners.catalogue.items()
    ]


def overview(told: dict[str, Any]) -> dict[str, Any]:
    """Return what may be told to anybody who may use the server.

    Parameters
    ----------
    told : dict
        From `Processes.status`.
    """
    now: Flat = flat(told["families"])
    rows: list[dict[str, Any]] = told["workers"]

    def number(name: str) -> int:
        return int(now.get((name, ()), 0.0))

    def total(name: str) -> float:
        return round(float(sum(row.get(name, 0.0) for row in rows)), 3)

    return {
        "version": __version__,
        "uptime_s": round(told["uptime_s"], 1),
        "workers": len(rows),
        "ready": sum(row["ready"] for row in rows),
        "restarts": told["restarts"],
        "now": {
            "active": int(total("active")),
            "threads": int(total("threads")),
            "promised_audio_s": total("promised_audio_s"),
            "due_audio_s": total("due_audio_s"),
            "memory_bytes": number("process_resident_memory_bytes"),
            "voice_bytes": number("tingshuo_voice_bytes"),
            "open_recognisers": number("tingshuo_open_recognisers"),
        },
        "last_minute": figures(now, flat(told["before"]), told["before_s"]),
        "since_start": figures(now, {}, told["uptime_s"]),
    }


def the_processes(request: Request) -> Processes:
    """Return the processes of the server that a request came to."""
    processes: Processes = request.app.state.processes
    return processes
