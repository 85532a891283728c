"""What ``current``, ``prod`` and other aliases of a name point to, and pointed to before."""

import json
import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, RegistryError
from tingshuo.store.atomic import replace_file

CURRENT = "current"
_ALIAS = re.compile(r"[a-z][a-z0-9-]{0,31}")
_FILE = "aliases.json"


class Move(StrictModel, frozen=True):
    """An alias was pointed to a version; ``back`` when that was a rollback."""

    version: str
    at: str
    back: bool = False


class _Document(StrictModel, frozen=True):
    format: Literal[1] = 1
    aliases: dict[str, Annotated[tuple[Move, ...], Meta(min_length=1)]] = msgspec.field(default_factory=dict)


class Pointers:
    """The aliases of one name.

    Parameters
    ----------
    folder : Path
        Of the name.
    newest : str
        The version that ``current`` is while nobody has pointed it anywhere.

    Raises
    ------
    RegistryError
        The file is damaged.
    """

    def __init__(self, folder: Path, newest: str) -> None:
        self._path, self._newest = folder / _FILE, newest
        try:
            self._aliases = dict(_Document.read(self._path).aliases) if self._path.exists() else {}
        except ConfigError as error:
            raise RegistryError(f"{error}; point the aliases anew after removing the file") from error

    @staticmethod
    def check(alias: str) -> None:
        """Refuse what could be taken for a version or a path.

        Raises
        ------
        RegistryError
            It is not a lower-case word of letters, digits and hyphens.
        """
        if not _ALIAS.fullmatch(alias):
            raise RegistryError(f"{alias!r} is no alias; accepted: lower-case letters, digits and hyphens, such as prod")

    def now(self) -> dict[str, str]:
        """Return alias to version, ``current`` first."""
        return {CURRENT: self._newest} | {alias: moves[-1].version for alias, moves in self._aliases.items()}

    def moves(self, alias: str) -> tuple[Move, ...]:
        """Return how an alias was moved, oldest first."""
        return self._aliases.get(alias, ())

    def before(self, alias: str, there: Collection[str]) -> str | None:
        """Return the version that an alias pointed to before it was moved forward, of those that are still there."""
        stack: list[str] = []
        for move in self.moves(alias):
            if move.back and move.version in stack:
                del stack[stack.index(move.version) + 1 :]
            else:
                stack.append(move.version)
        return next((version for version in reversed(stack[:-1]) if version in there and version != stack[-1]), None)

    def move(self, alias: str, version: str, at: datetime, *, back: bool = False) -> None:
        """Point an alias to a version, from now on.

        Raises
        ------
        OutputError
            The file cannot be written; the alias points where it did.
        """
        moved = Move(version, at.isoformat(timespec="seconds"), back)
        if self.now().get(alias) == version and alias in self._aliases:
            return
        self._aliases[alias] = (*self.moves(alias), moved)
        document = _Document(aliases=self._aliases).fields()
        replace_file(self._path, json.dumps(document, indent=1).encode() + b"\n")
