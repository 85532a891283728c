"""What finished audio is known by: a hash of everything that decides its bytes.

The text counts as it was written, not as it is spoken: a reply tells the times of the written characters, some voices read what
was written, the number in the label is of it, and to normalise a text takes longer than to answer from what is kept.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import tingshuo
from tingshuo.store.manifest import Manifest

ROOMS = ("audio", "engine", "serve", "tasks", "text")
"""Whose code and data decide what a bundle makes of a text."""
_PACKAGE = Path(tingshuo.__file__).parent
_NOT_READ = ("__pycache__",)


def fingerprint(*parts: object) -> str:
    """Return 64 hexadecimal digits that are the same for equal parts, in every process and on every machine.

    Parameters
    ----------
    *parts : object
        None, bool, numbers, str, bytes, tuples, lists, sets, mappings, members of enumerations, and data classes of such, of
        which every field counts.

    Raises
    ------
    TypeError
        A value of another type, which might decide the audio and would not be told apart.
    """
    running = hashlib.sha256()
    for piece in _pieces(parts):
        running.update(b"%d:" % len(piece))
        running.update(piece)
    return running.hexdigest()


def manifest_digest(manifest: Manifest) -> str:
    """Return the hash of all that a manifest says; as it lists the hash of every file, also of the bundle."""
    return fingerprint(manifest.fields())


@cache
def program_digest() -> str:
    """Return the hash of this program as far as it decides the audio: its version, and the files of `ROOMS`.

    An installation that was changed without a new version, as developers do, is another program.
    """
    running = hashlib.sha256(tingshuo.__version__.encode())
    for path in sorted(path for room in ROOMS for path in (_PACKAGE / room).rglob("*")):
        if path.is_file() and not set(_NOT_READ) & set(path.parts):
            running.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
            running.update(hashlib.sha256(path.read_bytes()).digest())
    return running.hexdigest()


def _pieces(value: object) -> Iterator[bytes]:
    """Yield a value as pieces that no other value yields; what Python takes for equal numbers is one."""
    match value:
        case None | bool():
            yield repr(value).encode()
        case Enum():
            yield f"e{type(value).__qualname__}.{value.name}".encode()
        case int() | float():
            whole = math.isfinite(value) and value == int(value)
            yield f"n{int(value) if whole else repr(value)}".encode()
        case str():
            yield b"s" + value.encode("utf-8", "surrogatepass")
        case bytes():
            yield b"b" + value
        case tuple() | list():
            yield from _many(b"[%d", list(value))
        case set() | frozenset():
            yield from _many(b"{%d", sorted(fingerprint(item) for item in value))
        case Mapping():
            yield from _many(b"m%d", [item for key in sorted(value) for item in (key, value[key])])
        case _ if is_dataclass(value) and not isinstance(value, type):
            yield f"d{type(value).__qualname__}".encode()
            yield from _many(b"f%d", [item for row in fields(value) for item in (row.name, getattr(value, row.name))])
        case _:
            raise TypeError(f"{type(value).__qualname__} has no fingerprint: say here how its values are told apart")


def _many(mark: bytes, items: list[object] | list[str]) -> Iterator[bytes]:
    yield mark % len(items)
    for item in items:
        yield from _pieces(item)
