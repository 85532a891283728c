"""A page where a browser shows its key once and gets a cookie for it, since addresses of audio and sockets carry no headers.

It needs no script. The cookie cannot be read by scripts, is sent by our own pages alone, and ends after half a day or with the
server; it opens nothing below ``/admin``.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from tingshuo.errors import AccessError, TooLargeError, UnauthorizedError, outcome
from tingshuo.serve.access.gate import SESSION_COOKIE, Asked, Caller, Gate
from tingshuo.serve.access.sessions import BROWSER, LIVES_S

PATH, LEAVE_PATH = "/sign-in", "/sign-out"
MAX_FORM_BYTES = 1024
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>听说 Tingshuo</title>
<link rel="icon" href="icon.svg" type="image/svg+xml"><link rel="stylesheet" href="docs.css"></head><body>
<h1>听说 Tingshuo</h1><p>此服务器需要密钥。<span lang="en">This server asks for a key.</span></p>
<form method="post" action="sign-in"><p><label for="key">密钥 <span lang="en">Key</span></label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus placeholder="ts_…">
<button>进入 <span lang="en">Enter</span></button></p></form>{trouble}</body></html>
"""
_TROUBLE = '<p id="trouble" role="alert">没有成功：密钥不对、已停用，或不能在这里使用。<span lang="en">{message}</span></p>'
_WRONG = "It did not work: the key is wrong or no longer holds."
_ELSEWHERE = "It did not work: the key may not be used from here."


def cookie_of(headers: Mapping[str, str]) -> str:
    """Return the session that a browser sends, when the request comes from our own page; else nothing.

    The cookie itself is ``SameSite=Strict``; this also keeps out other programs on the same machine or domain, whose pages count
    as the same site.
    """
    if not _is_ours(headers):
        return ""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return ""


def ask(status: int = 200, trouble: str = "") -> Response:
    """Return the page."""
    headers = {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "referrer-policy": "same-origin",  # with no-referrer a form is sent with the origin "null"
    }
    return HTMLResponse(_PAGE.format(trouble=trouble), status, headers)


async def enter(gate: Gate, caller: Caller, asked: Asked, form: bytes, *, secure: bool) -> Response:
    """Answer what was typed in: to the page with a cookie, or the form again."""
    fields = parse_qs(form.decode("utf-8", "replace"))
    token = fields.get("key", [""])[0].strip()
    shown = Asked("GET", "/docs", asked.peer, {**asked.headers, "authorization": f"Bearer {token}"})
    try:
        if not _is_ours(asked.headers):
            raise AccessError("the form was sent by another site")
        gate.identify(caller, shown)
    except AccessError as error:
        reason = _WRONG if isinstance(error, UnauthorizedError) else _ELSEWHERE
        return ask(outcome(error).status, _TROUBLE.format(message=reason))
    assert caller.held is not None
    reply = RedirectResponse("./", 303, {"cache-control": "no-store"})
    session = gate.sessions.issue(caller.held.key.id, BROWSER)
    reply.set_cookie(SESSION_COOKIE, session, LIVES_S[BROWSER], httponly=True, samesite="strict", secure=secure)
    return reply


def leave() -> Response:
    """Answer with a cookie that is over."""
    reply = RedirectResponse("sign-in", 303)
    reply.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return reply


def check_form(declared: str, got: int) -> None:
    """Raise `TooLargeError` for a form that is longer than a key can be, declared or found."""
    said = int(declared) if declared.isascii() and declared.isdigit() else 0
    if max(said, got) > MAX_FORM_BYTES:
        raise TooLargeError(f"the form is longer than {MAX_FORM_BYTES} bytes; it holds a key and nothing else")


def _is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a request was made by our own page or typed in by its reader, by what browsers say of it."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")  # over plain HTTP browsers say no more
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")
