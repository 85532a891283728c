"""Every request passes here before a route sees it: `tingshuo.serve.access.gate` decides, this asks it and answers.

``app.add_middleware(Access, gate=gate)`` and, after whatever else is added, ``app.add_middleware(SecurityHeaders)``.
"""

import asyncio
import math
from contextlib import ExitStack

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tingshuo.app.http import sign_in
from tingshuo.app.http.bodies import BODY_S
from tingshuo.app.http.pages import read_pages
from tingshuo.app.http.replies import on_bug, reply_to_error
from tingshuo.errors import RateLimitError, TingshuoError, TooLargeError, TooSlowError, UnauthorizedError
from tingshuo.serve.access.calling import calling
from tingshuo.serve.access.gate import ADMIN_SESSION_HEADER, Asked, Caller, Gate
from tingshuo.serve.access.limits import Usage
from tingshuo.serve.access.networks import parse_address, within
from tingshuo.serve.access.scopes import READING

PROBES = frozenset(("/healthz", "/readyz"))
"""For whoever watches over the server: from anywhere, without a key."""
MAX_HEADER_BYTES = 64 << 10
_JOINED = {"x-forwarded-for": ",", "cookie": "; "}
_CLIENT_LEFT = 499
_POLICY_VIOLATION = 1008


class Access:
    """Lets requests through to the application, or refuses them with one sentence.

    Open without a key: `PROBES` and the files of the web page. The page itself, asked for by a browser that has shown no key yet,
    leads to `sign_in`.

    Parameters
    ----------
    app : ASGIApp
        What is guarded.
    gate : Gate
        Who may do what; its connections are closed when the application ends.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate
        self._files = frozenset(f"/{name}" for name in read_pages()) | {"/docs.css"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._closing(send))
            return
        asked = read_scope(scope)
        caller = self._gate.meet(asked)
        reply = _Reply(send, caller)
        try:
            if (answer := await self._answer(scope, receive, asked, caller)) is not None:
                await answer(scope, receive, reply.send)
                return
        except TingshuoError as error:
            await _refuse(error, scope, receive, reply)
            await self._gate.record(caller, reply.status)
            return
        if self._is_open(asked):
            await self._app(scope, receive, reply.send)
            return
        await self._let_in(scope, receive, reply, asked)

    async def _let_in(self, scope: Scope, receive: Receive, reply: "_Reply", asked: Asked) -> None:
        caller = reply.caller
        with ExitStack() as held:
            try:
                await self._gate.admit(caller, asked, sign_in.cookie_of(asked.headers))
                held.enter_context(self._gate.slot(caller))
            except TingshuoError as error:
                await _refuse(error, scope, receive, reply)
            else:
                await self._serve(scope, receive, reply)
            finally:
                await self._gate.record(caller, reply.status)

    async def _serve(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        """Hand on; the reply to a bug is made here, as Starlette would make it outside, where it gets none of our headers."""
        try:
            with calling(reply.caller):
                await self._app(scope, receive, reply.send)
        except Exception as error:
            if not reply.started and scope["type"] == "http":
                answer = await on_bug(Request(scope), error)
                await answer(scope, receive, reply.send)
            raise  # the server logs it

    async def _answer(self, scope: Scope, receive: Receive, asked: Asked, caller: Caller) -> Response | None:
        """Return the reply to what no route sees: headers without end, a wrong network, signing in; None for all else."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            raise TooLargeError(f"the headers are longer than {MAX_HEADER_BYTES} bytes")
        if asked.path not in PROBES:
            self._gate.check_network(caller)
        if self._gate.ring is None or scope["type"] != "http":
            return None
        if asked.path == sign_in.LEAVE_PATH and asked.method == "POST":
            return sign_in.leave()
        if asked.path == sign_in.PATH:
            return await self._sign_in(scope, receive, asked, caller)
        if asked.path in ("/", "/index.html") and asked.method in READING and asked.token is None:
            session = self._gate.sessions.read(sign_in.cookie_of(asked.headers), "browser")
            if session is None or self._gate.ring.named(session) is None:
                return RedirectResponse("sign-in", 303, {"cache-control": "no-store"})
        return None

    async def _sign_in(self, scope: Scope, receive: Receive, asked: Asked, caller: Caller) -> Response:
        if asked.method != "POST":
            return sign_in.ask()
        sign_in.check_form(asked.headers.get("content-length", ""), 0)
        try:
            async with asyncio.timeout(BODY_S):
                form = await _read_form(receive)
        except TimeoutError as error:
            raise TooSlowError(f"the form did not come within {BODY_S:g} s; send it again") from error
        secure = _is_secure(scope, asked, self._gate)
        reply = await sign_in.enter(self._gate, caller, asked, form, secure=secure)
        caller.notes["sign_in"] = True
        await self._gate.record(caller, reply.status_code)
        return reply

    def _is_open(self, asked: Asked) -> bool:
        if asked.method in READING:
            return asked.path in PROBES or asked.path in self._files
        return asked.method == "OPTIONS" and "access-control-request-method" in asked.headers  # browsers send no key with it

    def _closing(self, send: Send) -> Send:
        async def closing(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await self._gate.aclose()
            await send(message)

        return closing


class _Reply:
    """Sends what the application answers, with what is told of the request in every case; remembers the status."""

    def __init__(self, send: Send, caller: Caller) -> None:
        self.caller = caller
        self.status = _CLIENT_LEFT
        self.started = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Send."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.started, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.caller.request_id
            if self.caller.usage is not None:
                headers.update(usage_headers(self.caller.usage))
            if self.caller.admin_session is not None:
                headers[ADMIN_SESSION_HEADER] = self.caller.admin_session
        elif message["type"] == "websocket.accept":
            self.status = 101
        await self._send(message)


def usage_headers(usage: Usage) -> dict[str, str]:
    """Return what is left of a rate, as draft-ietf-httpapi-ratelimit-headers-06 writes it; seconds are rounded up."""
    return {
        "ratelimit-limit": str(usage.item.amount),
        "ratelimit-remaining": str(usage.remaining),
        "ratelimit-reset": str(math.ceil(usage.reset_s)),
        "ratelimit-policy": f"{usage.item.amount};w={usage.item.get_expiry()}",
    }


def read_scope(scope: Scope) -> Asked:
    """Return what the gate wants to know of a request; where a header stands twice the first counts, but for chains."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name not in headers:
            headers[name] = value
        elif name in _JOINED:
            headers[name] += _JOINED[name] + value
    path, root = scope["path"], scope.get("root_path", "")
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :]
    client = scope.get("client")
    return Asked(scope.get("method", "GET"), path, client[0] if client else None, headers)


async def _read_form(receive: Receive) -> bytes:
    form = bytearray()
    while True:
        message = await receive()
        form += message.get("body", b"")
        sign_in.check_form("", len(form))
        if not message.get("more_body"):
            return bytes(form)


def _is_secure(scope: Scope, asked: Asked, gate: Gate) -> bool:
    """Whether the browser came by TLS, to us or to a proxy that is trusted."""
    by_proxy = within(parse_address(asked.peer or ""), gate.trusted) and asked.headers.get("x-forwarded-proto") == "https"
    return scope.get("scheme") == "https" or by_proxy


async def _refuse(error: TingshuoError, scope: Scope, receive: Receive, reply: _Reply) -> None:
    answer = reply_to_error(error)
    if isinstance(error, UnauthorizedError):
        answer.headers["www-authenticate"] = 'Bearer realm="tingshuo"'
    if isinstance(error, RateLimitError):
        answer.headers["retry-after"] = str(math.ceil(error.retry_after_s))
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        reply.status = answer.status_code
        await receive()
        await reply.send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": str(error)[:100]})
        return
    await answer(scope, receive, reply.send)  # Starlette's replies know sockets that may be refused with one
