"""What holds for every request: HEAD is answered as GET, replies are counted, and a request that is cut off is one line."""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tingshuo.serve.metrics import Metrics

log = logging.getLogger("tingshuo.http")


class HeadLikeGet:
    """Answers HEAD as GET; the server leaves the body out (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


class Counted:
    """Counts replies by route and status; a path that is no route counts as ``none``, as anybody may make up any number."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.requests.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, count)


class CutOff:
    """Ends a request that outlived the time which the server leaves for replies under way, without a traceback.

    Its body stays without an end, so that no client takes half for the whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            log.warning("the server stops: a reply to %s %s was cut off", scope["method"], scope["path"])
