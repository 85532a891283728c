"""``WS /``: for clients of FunASR and WeNet that can be told a host, but no path; their first message tells who they are."""

import asyncio
import json

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from tingshuo.app.http import live_connection
from tingshuo.app.http.funasr import FunasrSession, accept
from tingshuo.app.http.wenet import WenetSession

router = APIRouter(tags=["FunASR", "WeNet"])


@router.websocket("/")
async def runtime(socket: WebSocket) -> None:
    """Hear what comes until the client leaves."""
    await accept(socket)
    try:
        async with asyncio.timeout(live_connection.IDLE_S):
            first = live_connection.content(await socket.receive())
    except (TimeoutError, WebSocketDisconnect):
        return
    session = WenetSession if _is_wenet(first) else FunasrSession
    await session(socket, socket.app.state.service).run(first)


def _is_wenet(first: str | bytes) -> bool:
    try:
        fields = json.loads(first)
    except (ValueError, RecursionError):  # no JSON: whoever answers says so
        return False
    return isinstance(fields, dict) and "signal" in fields
