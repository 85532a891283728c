"""Versions of voices at places outside this machine: how they lie there, and what there is.

::

    blobs/ab/abc0...             each content once, by its SHA-256, the manifests among them
    voices/NAME/1.2.0.json       a version; written when all of its blobs are there, and never again
    voices/NAME/aliases.json     what ``@prod`` points to
    signatures/NAME/1.2.0.json   signature.json of a bundle that was signed
    index.json                   the keys of all versions, for web servers

Whoever finds the small object of a version finds all that it is made of; so half a version is never seen.
"""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, NotFoundError, RegistryError, RequestError
from tingshuo.store.backends.backends import Backend, open_backend
from tingshuo.store.backends.index import INDEX, MAX_INDEX_BYTES, write_index
from tingshuo.store.manifest import Count
from tingshuo.store.pointers import CURRENT, Pointers
from tingshuo.store.remote_transfer import again, change, read_small
from tingshuo.store.versions import Version

Model = TypeVar("Model", bound=StrictModel)

MAX_RECORD_BYTES = 1 << 20
MAX_MANIFEST_BYTES = 4 << 20
"""As for manifests on this machine, and for signatures."""
_NAME = re.compile(r"\w[\w.-]{0,63}(?<!\.)")
"""As the registry allows them."""
_NUMBER = "(?:0|[1-9][0-9]{0,8})"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")
_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
"""Nothing that would move the cursor of a terminal."""


class Address(NamedTuple):
    """Where to find a version: the place, and there the name and its version or alias, each empty when it was left out."""

    place: str
    name: str = ""
    wanted: str = ""


def parse_address(text: str) -> Address:
    """Take ``s3://bucket/voices/x@1.2.0`` apart, or ``file:///path/...``, ``https://host/...``, the path of a folder.

    Without ``voices/NAME`` at its end it is the address of a place.

    Raises
    ------
    RequestError
        What stands after ``voices/`` is no name, or what stands after ``@`` is neither a version nor an alias.
    """
    scheme, mark, rest = text.rpartition("://")
    rest = rest.rstrip("/")
    parent, found, last = rest.rpartition("/voices/")
    if not found and not mark and rest.startswith("voices/"):
        parent, found, last = ".", "/", rest.removeprefix("voices/")
    if not found or "/" in last:
        return Address(text)
    name, at, wanted = (unquote(last) if mark else last).partition("@")
    if not _NAME.fullmatch(name):
        raise RequestError(f"{text!r}: {name!r} is no name of a voice; addresses end as voices/NAME@1.2.0", "address")
    if at and not _VERSION.fullmatch(wanted):
        try:
            Pointers.check(wanted)
        except RegistryError as error:
            raise RequestError(f"{text!r}: {error}, or a version such as 1.2.0", "address") from error
    return Address(f"{scheme}{mark}{parent}" or "/", name, wanted)


def is_version(wanted: str) -> bool:
    """Whether a word is a version and not an alias."""
    return _VERSION.fullmatch(wanted) is not None


Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class RemoteRecord(StrictModel, frozen=True, kw_only=True):
    """The object of a version."""

    format: Literal[1] = 1
    name: Annotated[str, Meta(max_length=64)]
    version: Annotated[str, Meta(max_length=32)]
    digest: Digest
    """SHA-256 of the manifest, and so of everything that the bundle holds."""
    saved: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+-]*$", max_length=40)]
    """When, UTC, ISO 8601, at the machine where it was saved."""
    note: Annotated[str, Meta(pattern=_PLAIN, max_length=10_000)] = ""
    n_files: Count
    n_bytes: Count
    """Of all files with the manifest, for those who choose; what is downloaded is decided by the manifest."""
    private: bool = False
    """Whether it holds timbres of people."""
    version_ids: dict[Digest, Annotated[str, Meta(pattern=_PLAIN, max_length=1024)]] = msgspec.field(default_factory=dict)
    """Blobs that were written for this version to their version ids, where the store keeps all states of an object."""

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class _Aliases(StrictModel, frozen=True):
    format: Literal[1]
    aliases: dict[str, str]

    def __post_init__(self) -> None:
        """Refuse what could be taken for a path."""
        for alias, version in self.aliases.items():
            try:
                Pointers.check(alias)
            except RegistryError as error:
                raise ValueError(str(error)) from error
            if not is_version(version):
                raise ValueError(f"{alias!r} points to {version!r}, which is no version")


class Store:
    """The versions at a place.

    Parameters
    ----------
    backend : Backend
        The place.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.where = backend.where

    def versions(self, name: str = "") -> dict[str, tuple[str, ...]]:
        """Return names to their versions, the newest first; keys that are not of a version are passed over.

        Raises
        ------
        RegistryError
            The place cannot be listed.
        """
        found: dict[str, list[str]] = {}
        for key in again(lambda: list(self.backend.list(f"voices/{name}/" if name else "voices/"))):
            parts = key.split("/")
            if len(parts) == 3 and _NAME.fullmatch(parts[1]) and is_version(parts[2].removesuffix(".json")):
                found.setdefault(parts[1], []).append(parts[2].removesuffix(".json"))
        return {key: tuple(sorted(set(found[key]), key=Version.parse, reverse=True)) for key in sorted(found)}

    def record(self, name: str, version: str) -> RemoteRecord:
        """Return the record of a version.

        Raises
        ------
        NotFoundError
            There is no such version.
        RegistryError
            What is there is not the record of this version, or cannot be read.
        """
        key = version_key(name, version)
        record = self._read(key, RemoteRecord)
        if (record.name, record.version) != (name, version):
            raise RegistryError(f"{self.where}/{key}: is of {record.label}; somebody has moved it")
        return record

    def aliases(self, name: str) -> dict[str, str]:
        """Return aliases to versions, none when the name has none."""
        try:
            return self._read(f"voices/{name}/aliases.json", _Aliases).aliases
        except NotFoundError:
            return {}

    def find(self, name: str, wanted: str) -> RemoteRecord:
        """Return the record that a version or alias names; empty is the alias ``current``, without that the newest.

        Raises
        ------
        NotFoundError
            There is none; the message lists what there is.
        RegistryError
            It cannot be read.
        """
        version = wanted if is_version(wanted) else self.aliases(name).get(wanted or CURRENT)
        if version is None and wanted in ("", CURRENT):
            version = next(iter(self.versions(name).get(name, ())), None)
        try:
            if version is not None:
                return self.record(name, version)
        except NotFoundError:
            pass
        wish = f"{name}@{wanted}" if wanted else name
        raise NotFoundError(f"{self.where}: has no {wish}; it has: {self._known(name)}")

    def history(self, name: str) -> Iterator[RemoteRecord]:
        """Yield the records of a name, the newest first; raises as `versions` and `record`."""
        for version in self.versions(name).get(name, ()):
            yield self.record(name, version)

    def signature(self, record: RemoteRecord) -> bytes | None:
        """Return the content of the signature of a version, None when it was not signed."""
        try:
            return read_small(self.backend, signature_key(record.name, record.version), MAX_MANIFEST_BYTES)
        except NotFoundError:
            return None

    def publish(self, record: RemoteRecord) -> RemoteRecord:
        """Let a version appear; returns the record that is there, which is another's when somebody was faster."""
        content = json.dumps(record.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
        if again(lambda: self.backend.put_if(version_key(record.name, record.version), content, None)):
            return record
        return self.record(record.name, record.version)

    def point(self, name: str, aliases: dict[str, str]) -> None:
        """Let aliases point to versions; the others stay."""
        if not aliases:
            return
        key = f"voices/{name}/aliases.json"

        def edit(old: bytes) -> bytes:
            now = _decode(old, f"{self.where}/{key}", _Aliases).aliases if old else {}
            return json.dumps({"format": 1, "aliases": now | aliases}, indent=1).encode() + b"\n"

        change(self.backend, key, MAX_RECORD_BYTES, edit)

    def write_index(self) -> None:
        """Write the index anew from what the place lists."""

        def edit(_: bytes) -> bytes:
            return write_index([version_key(name, version) for name, all_ in self.versions().items() for version in all_])

        change(self.backend, INDEX, MAX_INDEX_BYTES, edit)

    def _read(self, key: str, model: type[Model]) -> Model:
        return _decode(read_small(self.backend, key, MAX_RECORD_BYTES), f"{self.where}/{key}", model)

    def _known(self, name: str) -> str:
        try:
            there = self.versions()
            own = [f"{name}@{word}" for word in (*there.get(name, ()), *(self.aliases(name) if name in there else ()))]
        except RegistryError:
            return "unknown, as it cannot be listed"
        return ", ".join(own or there) or "none"


def open_store(place: str, *, allow_http: bool = False) -> Store:
    """Open a place for versions; raises as `tingshuo.store.backends.backends.open_backend`."""
    return Store(open_backend(place, allow_http=allow_http))


def version_key(name: str, version: str) -> str:
    """Return where a version lies."""
    return f"voices/{name}/{version}.json"


def signature_key(name: str, version: str) -> str:
    """Return where the signature of a version lies."""
    return f"signatures/{name}/{version}.json"


def _decode(content: bytes, source: str, model: type[Model]) -> Model:
    try:
        return model.check(json.loads(content), source)
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{source}: cannot be read as JSON: {error}; it was damaged there") from error
    except ConfigError as error:
        raise RegistryError(f"{error}; it was damaged there, or written by a newer tingshuo") from error
