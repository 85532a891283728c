"""A web server as a place for versions, only to be read: any server that gives files will do.

Time limits hold for connecting and for every pause, certificates are checked, redirects are few and never lead to a connection
that is not encrypted. The proxies of the environment (``HTTPS_PROXY``, ``NO_PROXY``) are used. What a server holds is read from
``index.json``, which `tingshuo push` writes, for web servers have no listing that programs could read.
"""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from tingshuo.errors import NotFoundError, RegistryError
from tingshuo.store.backends.backends import LostError, Stat
from tingshuo.store.backends.index import INDEX, MAX_INDEX_BYTES, read_index

TIMEOUT_S = 30.0
"""For connecting, and for every pause in an answer."""
MAX_REDIRECTS = 5
_CHUNK_BYTES = 256 << 10
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses (RFC 9110, 6585, 8470) that ask for another try."""
_OK, _PARTIAL, _NO_SUCH_RANGE = 200, 206, 416


class Https:
    """Objects are files below an address.

    Parameters
    ----------
    root : str
        The address, without a slash at its end.
    allow_http : bool
        Follow redirects to connections that are not encrypted.
    """

    def __init__(self, root: str, *, allow_http: bool = False) -> None:
        self.where = root
        self._opener = OpenerDirector()
        handlers = (ProxyHandler(), _Redirects(allow_http), HTTPSHandler(context=ssl.create_default_context()), HTTPHandler())
        for handler in (*handlers, HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
            self._opener.add_handler(handler)

    def stat(self, key: str) -> Stat | None:
        """Ask for the size of a file, None when there is none."""
        try:
            with self._open(key, method="HEAD") as answer:
                size = _number(answer.headers.get("Content-Length"))
        except NotFoundError:
            return None
        if size is None:
            raise RegistryError(f"{self.where}/{key}: the server does not tell its size")
        return Stat(size, answer.headers.get("ETag", ""), answer.headers.get("x-amz-version-id", ""))

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file; where a server knows no ranges, what comes before ``start`` is read and left out."""
        with self._open(key, start) as answer:
            skip = start if answer.status == _OK else 0
            self._check_range(answer, key, start)
            promised, came = _number(answer.headers.get("Content-Length")), 0
            try:
                while chunk := answer.read1(_CHUNK_BYTES):
                    came += len(chunk)
                    if skip < len(chunk):
                        yield chunk[skip:] if skip else chunk
                    skip = max(0, skip - len(chunk))
            except (OSError, http.client.HTTPException) as error:
                raise LostError(f"{self.where}/{key}: the connection broke after {came} bytes: {_why(error)}") from error
        if promised is not None and came < promised:
            raise LostError(f"{self.where}/{key}: the connection broke after {came} of {promised} bytes; try again")

    def put(self, key: str, content: bytes | Path) -> str:
        """Refuse: a web server is only read."""
        raise RegistryError(f"{self.where}: can only be read; push to s3:// or to a folder that the server gives out")

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Refuse, as `put`."""
        self.put(key, content)
        return False

    def list(self, prefix: str) -> Iterator[str]:
        """Yield what the index lists; nothing when there is none."""
        content = b""
        try:
            for chunk in self.chunks(INDEX):
                content += chunk
                if len(content) > MAX_INDEX_BYTES:
                    raise RegistryError(f"{self.where}/{INDEX}: larger than {MAX_INDEX_BYTES} bytes, so it is not an index")
        except NotFoundError:
            raise RegistryError(f"{self.where}: has no {INDEX} and so cannot be listed; tingshuo push writes it") from None
        yield from (key for key in read_index(content, f"{self.where}/{INDEX}") if key.startswith(prefix))

    def _open(self, key: str, start: int = 0, method: str = "GET") -> Any:
        url = f"{self.where}/{quote(key)}"
        headers = {"Accept-Encoding": "identity", "User-Agent": "tingshuo"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            return self._opener.open(Request(url, headers=headers, method=method), timeout=TIMEOUT_S)  # noqa: S310
        except HTTPError as error:
            with error:
                raise _refused(url, error.code, error.reason) from error
        except URLError as error:
            raise _unreachable(self.where, error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.where, error) from error
        except ValueError as error:
            raise RegistryError(f"{self.where}: is not an address that can be asked: {error}") from error

    def _check_range(self, answer: http.client.HTTPResponse, key: str, start: int) -> None:
        where = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
        if answer.status == _PARTIAL and where != str(start):
            raise RegistryError(f"{self.where}/{key}: bytes from {start} on were asked for, the server gives others")


class _Redirects(HTTPRedirectHandler):
    """Follows a few redirects, to web servers alone, and from https to https only."""

    max_redirections = MAX_REDIRECTS
    max_repeats = 2

    def __init__(self, allow_http: bool) -> None:
        self._allowed = ("https", "http") if allow_http else ("https",)

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        target = urljoin(req.full_url, newurl)
        if urlsplit(target).scheme not in self._allowed:
            fp.close()  # urllib closes only the answers that it gives on
            raise RegistryError(f"{req.full_url}: the server redirects to {target}, which is not encrypted; it was not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_https(place: str, *, allow_http: bool = False) -> Https:
    """Open a web server."""
    return Https(place, allow_http=allow_http)


def _refused(url: str, code: int, reason: str) -> Exception:
    if code in (404, 410):
        return NotFoundError(f"{url}: is not there")
    if code in (401, 403):
        return RegistryError(f"{url}: the server refuses access ({code}); the address has to be readable without an account")
    if 300 <= code < 400:
        return RegistryError(f"{url}: the server redirects in a circle, more than {MAX_REDIRECTS} times, or to no web address")
    if code == _NO_SUCH_RANGE:
        return RegistryError(f"{url}: is shorter there than it should be; it was damaged, remove it there and push again")
    if code in _BUSY:
        return LostError(f"{url}: the server cannot answer now ({code} {reason}); try again later")
    return RegistryError(f"{url}: the server answers {code} {reason}")


def _unreachable(where: str, error: object) -> RegistryError:
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "; look whether this machine's clock is right" if error.verify_code in (9, 10) else ""
        return RegistryError(f"{where}: its certificate is not accepted: {error.verify_message}{hint}")
    return LostError(f"{where}: cannot be reached: {_why(error)}")


def _why(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came for {TIMEOUT_S:g} seconds"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
