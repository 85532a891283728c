"""``/admin``, for whoever runs the server: a key with the verb admin and a second factor open it (docs/access.md)."""

import platform
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tingshuo import __version__
from tingshuo.app.http.replies import JSONReply
from tingshuo.app.http.status import overview, the_processes

router = APIRouter(prefix="/admin", tags=["admin"])

_SECOND_FACTOR: dict[int | str, dict[str, Any]] = {401: {"description": "No key of an administrator, or no second factor."}}


@router.post(
    "/reload",
    summary="Read the voices again",
    responses=_SECOND_FACTOR | {409: {"description": "Something of them is broken or not allowed; nothing was changed."}},
)
async def reload(request: Request) -> Response:
    """New, changed and removed voices, in every process or in none.

    What is new is checked, opened and tried first; streams under way end with the voice that they began with.
    """
    return JSONReply({"processes": await the_processes(request).reload()})


@router.get("/status", summary="Everything about the processes", responses=_SECOND_FACTOR)
async def status(request: Request) -> Response:
    """What `GET /api/status` tells, and each process with its queue, its voices and their versions."""
    told = await the_processes(request).status()
    versions = {"tingshuo": __version__, "python": platform.python_version()}
    return JSONReply(overview(told) | {"processes": told["workers"], "versions": versions}, headers={"cache-control": "no-store"})
