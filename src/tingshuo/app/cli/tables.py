"""Tables on the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

NARROWEST = 150
"""Columns that a table may take even where the terminal has fewer or is none, so that figures are not cut."""


def rendered(table: "Table") -> str:
    """Return a table as text, as wide as the terminal and `NARROWEST` at least."""
    from rich.console import Console

    console = Console(width=max(Console().width, NARROWEST))
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()
