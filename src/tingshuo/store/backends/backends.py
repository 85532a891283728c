"""What every place for versions can do, and the table of them.

A place holds objects by keys such as ``voices/x/1.2.0.json``. It has to give bytes from anywhere in an object, write an object so
that it is there whole or not at all, and write one only when nobody else has: the rest is built on that.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from tingshuo.errors import RegistryError, RequestError
from tingshuo.registry import Registry, Row


class LostError(RegistryError):
    """A connection that broke, or a server that is busy: the same may well succeed in a moment."""


class Stat(NamedTuple):
    """What is known of an object without reading it."""

    size: int
    """Bytes."""
    tag: str
    """Changes whenever the object is written; it says nothing of what the object holds."""
    version_id: str = ""
    """The store's own name for this state of the object, where it keeps them all."""


class Backend(Protocol):
    """A place for objects.

    Every method raises LostError for what may pass, NotFoundError for an object that is not there, RegistryError for everything
    else that a server says no to, and OutputError where a disk of this machine cannot be written.
    """

    where: str
    """Its address, for messages."""

    def stat(self, key: str) -> Stat | None:
        """Return what is known of an object, None when there is none."""

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of an object from ``start``, which lies inside it, to its end."""

    def put(self, key: str, content: bytes | Path) -> str:
        """Write an object, also over one that is there; returns its version id, empty where the store has none."""

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write a small object if it still has this tag, with None if there is none; returns whether it was written."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, which ends with ``/``, in any order."""


BACKENDS = Registry(
    "store",
    {
        "file": Row("tingshuo.store.backends.folder:open_folder"),
        "http": Row("tingshuo.store.backends.https:open_https"),
        "https": Row("tingshuo.store.backends.https:open_https"),
        "s3": Row("tingshuo.store.backends.s3:open_s3", "pip install 'tingshuo[remote]' installs it"),
    },
)
"""scheme -> ``open(place, *, allow_http=False) -> Backend``; places are URLs, of ``file`` the path of a folder."""


def open_backend(place: str, *, allow_http: bool = False) -> Backend:
    """Open a place; nothing is sent yet.

    Parameters
    ----------
    place : str
        ``s3://bucket/prefix``, ``https://host/path``, ``file:///path`` or the path of a folder.
    allow_http : bool
        Accept connections that are not encrypted.

    Raises
    ------
    RequestError
        The address is of no known kind, has a password or a query in it, or is not encrypted and that was not allowed.
    EngineNotInstalledError
        What it needs is missing; the message says how to install it.
    """
    scheme, mark, _ = place.partition("://")
    if not mark:
        scheme, path = "file", place
    else:
        path = _checked(place, scheme, allow_http)
    opener: Callable[..., Backend] = BACKENDS.load(scheme)
    return opener(path.rstrip("/") or "/", allow_http=allow_http)


def _checked(place: str, scheme: str, allow_http: bool) -> str:
    """Return what to open, a path for ``file`` and else the URL."""
    try:
        parts = urlsplit(place)
    except ValueError as error:
        raise RequestError(f"{place!r} is not an address: {error}", "address") from error
    BACKENDS.row(scheme)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise RequestError(
            f"an address has no user, password, '?' or '#', this one of {parts.hostname} has; keys come from the environment",
            "address",
        )
    if scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise RequestError(f"{place!r} names another machine; file:// has three slashes: file:///path", "address")
        return unquote(parts.path)
    if not parts.netloc:
        raise RequestError(f"{place!r} names no {'bucket' if scheme == 's3' else 'server'}", "address")
    if scheme == "http" and not allow_http:
        raise RequestError(f"{place} is not encrypted; use https://, or --allow-http in a network that you trust", "address")
    return place
