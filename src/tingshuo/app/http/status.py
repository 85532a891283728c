"""``/healthz`` and ``/readyz``, for whoever watches over the server."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from tingshuo.app.http.api import the_service
from tingshuo.app.http.replies import JSONReply

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
