"""A bucket that speaks S3 as a place for versions: Amazon's, MinIO, Ceph, and others. Needs the ``remote`` extra.

Keys and places come from the environment, as the library (obstore) reads it: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, ``AWS_SKIP_SIGNATURE`` for public buckets; files of profiles are not
read. The bucket has to know conditional writes (``If-None-Match``, ``If-Match``), as Amazon's has since 2024.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import obstore
from obstore import exceptions
from obstore.store import S3Store

from tingshuo.errors import NotFoundError, RegistryError, RequestError
from tingshuo.store.backends.backends import LostError, Stat

T = TypeVar("T")

TIMEOUT_S = 120.0
"""For one request with its answer, which is at most one part."""
CONNECT_S = 15.0
RETRIES, RETRIES_S = 4, 60.0
"""The library itself tries again what may pass, so often and for so long."""
_PART_BYTES = 4 << 20


class S3:
    """Objects of a bucket below a prefix.

    Parameters
    ----------
    store : S3Store
        The bucket.
    where : str
        Its address.
    """

    def __init__(self, store: S3Store, where: str) -> None:
        self.where = where
        self._store = store

    def stat(self, key: str) -> Stat | None:
        """Return size, tag and version id of an object, None when there is none."""
        try:
            found = self._ask(key, lambda: obstore.head(self._store, key))
        except NotFoundError:
            return None
        return Stat(found["size"], found["e_tag"] or "", found["version"] or "")

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of an object in parts, each a request of its own, so that the limit of time holds for each."""
        tag = ""
        while True:
            try:
                size, tag, part = self._ask(key, partial(self._part, key, start, tag))
            except _EndError:  # nothing follows: an empty object, or one that is shorter than somebody thinks
                return
            if len(part) != min(_PART_BYTES, size - start):
                raise LostError(f"{self.where}/{key}: {len(part)} bytes came, more were asked for; try again")
            yield part
            start += len(part)
            if start >= size:
                return

    def put(self, key: str, content: bytes | Path) -> str:
        """Write an object, large ones in parts; it appears when the last has come."""
        return self._ask(key, lambda: obstore.put(self._store, key, content))["version"] or ""

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write a small object by a conditional request."""
        try:
            mode: obstore.PutMode = "create" if tag is None else {"e_tag": tag}
            self._ask(key, lambda: obstore.put(self._store, key, content, mode=mode))
        except _ChangedError:
            return False
        return True

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix."""
        pages = obstore.list(self._store, prefix)
        while page := self._ask(prefix, lambda: next(iter(pages), None)):
            yield from (found["path"] for found in page)

    def _part(self, key: str, start: int, tag: str) -> tuple[int, str, bytes]:
        """Return the size and the tag of an object, and bytes of it, of the state with this tag if one is given."""
        options: obstore.GetOptions = {"range": (start, start + _PART_BYTES)}
        if tag:
            options["if_match"] = tag
        answer = obstore.get(self._store, key, options=options)
        return answer.meta["size"], answer.meta["e_tag"] or "", bytes(answer.bytes())

    def _ask(self, key: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise RegistryError(f"{self.where}: there is no such bucket") from error
            raise NotFoundError(f"{self.where}/{key}: is not there") from error
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
            raise _ChangedError(f"{self.where}/{key}: somebody else has written it meanwhile; try again") from error
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise _explained(f"{self.where}/{key}", error) from error


class _ChangedError(LostError):
    """An object is not what it was."""


class _EndError(RegistryError):
    """An object has no bytes where some were asked for."""


def open_s3(place: str, *, allow_http: bool = False) -> S3:
    """Open a bucket.

    Raises
    ------
    RequestError
        The endpoint is not encrypted, and that was not allowed, or a variable of the environment is wrong.
    """
    parts = urlsplit(place)
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT", "")
    if endpoint.startswith("http://") and not allow_http:
        raise RequestError(
            f"the endpoint {endpoint} is not encrypted; use https://, or --allow-http in a network that you trust", "address"
        )
    try:
        store = S3Store(
            parts.netloc,
            prefix=unquote(parts.path).strip("/") or None,
            client_options={
                "allow_http": allow_http,
                "timeout": timedelta(seconds=TIMEOUT_S),
                "connect_timeout": timedelta(seconds=CONNECT_S),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRIES_S)},
        )
    except (exceptions.BaseError, ValueError) as error:
        raise RequestError(f"{place}: {_first_line(error)}", "address") from error
    return S3(store, place)


_CLOCK = "the store refuses requests of this machine, whose clock is wrong; set the clock"
_NO_KEYS = "there are no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket"
_NO_ACCESS = "the store refuses access; look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and the bucket's policy"
_NO_CONDITIONS = "the store knows no conditional writes, without which two could write the same version at once"
_SIGNS = {
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "169.254.": _NO_KEYS,
    "CredentialsNotLoaded": _NO_KEYS,
    "401 Unauthorized": _NO_ACCESS,
    "403 Forbidden": _NO_ACCESS,
    "501 Not Implemented": _NO_CONDITIONS,
}
"""What stands in the library's messages, which has few classes of errors, and what it means. 169.254.169.254 is where machines of
Amazon are told their keys (docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html)."""
_PASSING = "HTTP error", "status code: 5", "status code: 429", "timed out"


def _explained(where: str, error: Exception) -> RegistryError:
    text = str(error)
    if "416 Range" in text:
        return _EndError(f"{where}: is shorter than it should be")
    for sign, meaning in _SIGNS.items():
        if sign in text:
            return RegistryError(f"{where}: {meaning}")
    if any(sign in text for sign in _PASSING):
        return LostError(f"{where}: the store cannot be reached or does not answer: {_first_line(error)}")
    return RegistryError(f"{where}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """What happened, without the library's report for its developers."""
    line = str(error).strip().split("\n", 1)[0]
    what = line.split(" - ", 1)[-1].removesuffix(":").strip()
    return what[:300]
