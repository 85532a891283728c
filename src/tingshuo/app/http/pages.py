"""The web page's static files and ``/docs``: served from memory, so that no path of a request ever reaches the disk."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from tingshuo.app.http.reference import render

WEB = Path(__file__).parents[1] / "web"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy: nothing from elsewhere, no script or style inside the page."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A file in memory."""

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "Page":
        """Make a page; its tag is the hash of its bytes."""
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def reply(self, request: Request) -> Response:
        """Answer: the bytes, or 304 when the client has them."""
        headers = {
            "etag": self.etag,
            "cache-control": "no-cache",
            "content-security-policy": POLICY,
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
        }
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


def read_pages(folder: Path = WEB) -> dict[str, Page]:
    """Read the page's files: path below the folder to page; ``index.html`` answers for the folder itself too."""
    pages = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            name = path.relative_to(folder).as_posix()
            media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            pages[name] = Page.of(path.read_bytes(), media_type)
    if "index.html" in pages:
        pages[""] = pages["index.html"]
    return pages


def pages_router(app: FastAPI, pages: dict[str, Page]) -> APIRouter:
    """Return a router with one route for each page, and ``/docs`` with its style."""
    router = APIRouter(include_in_schema=False)
    style = Page.of((Path(__file__).parent / "reference.css").read_bytes(), _TYPES[".css"])

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return Page.of(render(app.openapi()).encode(), _TYPES[".html"]).reply(request)

    for name, page in {**pages, "docs.css": style}.items():
        router.add_api_route(f"/{name}", partial(_answer, page))
    return router


async def _answer(page: Page, request: Request) -> Response:
    return page.reply(request)
