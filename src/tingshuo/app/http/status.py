"""``/healthz``, ``/readyz`` and ``/metrics``, for whoever watches over the server."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from tingshuo.app.http.api import the_service
from tingshuo.app.http.replies import JSONReply
from tingshuo.serve.metrics import CONTENT_TYPE

router = APIRouter(tags=["status"])


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> Response:
    """200 as long as the server answers at all."""
    return JSONReply({"status": "ok"})


@router.get("/readyz", summary="Can it speak", responses={503: {"description": "Not yet, or never; the body says why."}})
async def readyz(request: Request) -> Response:
    """200 when the default voice is open and warm; 503 before, with the reason."""
    service = the_service(request)
    if service.ready:
        workers = service.workers
        return JSONReply({"status": "ready", "active": workers.active, "limit": workers.limit, "threads": workers.threads})
    reason = "the voice is being opened" if service.failure is None else str(service.failure)
    return JSONReply({"status": "not ready", "reason": reason}, 503, {"retry-after": "1"})


@router.get("/metrics", summary="How it goes, for Prometheus", responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Requests, queue, first audio, real-time factor, underruns, cache, memory: see docs/serve.md."""
    return Response(the_service(request).metrics.text(), media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})
