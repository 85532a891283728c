"""Tables of things that are imported only when they are used.

A row is ``name -> "module:attribute"`` plus the sentence to print when its extra is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tingshuo.errors import EngineNotInstalledError, RequestError


@dataclass(frozen=True, slots=True)
class Row:
    """Where a thing lives and how to get it: ``target`` is ``module:attribute``, ``hint`` a sentence with the install command."""

    target: str
    hint: str = ""


class Registry:
    """A read-only table of lazily imported things.

    Parameters
    ----------
    kind : str
        What the rows are, for messages: ``"engine"``.
    rows : Mapping[str, Row]
        The table, in alphabetical order of its names.
    """

    def __init__(self, kind: str, rows: Mapping[str, Row]) -> None:
        assert list(rows) == sorted(rows), f"{kind} rows are not in alphabetical order"
        self.kind = kind
        self._rows = dict(rows)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._rows)

    def row(self, name: str) -> Row:
        """Return a row without importing it.

        Raises
        ------
        RequestError
            No such row.
        """
        try:
            return self._rows[name]
        except KeyError:
            raise RequestError(f"unknown {self.kind} {name!r}; known: {', '.join(self._rows)}") from None

    def load(self, name: str) -> Any:
        """Import a row's target.

        Raises
        ------
        RequestError
            No such row.
        EngineNotInstalledError
            A package that the target needs is missing; the message says how to install it.
        """
        row = self.row(name)
        module, _, attribute = row.target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise EngineNotInstalledError(f"{self.kind} {name!r} needs the package {error.name!r}: {row.hint}") from error
