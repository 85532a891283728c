"""What a format hands back when it has written a graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.formats.source import Array, Runner


@dataclass(frozen=True, slots=True)
class Written:
    """One copy of a graph.

    ``precision`` is its arithmetic, ``files`` are names in the export's folder, the one to open first; ``run`` runs them here,
    None where that is not possible; ``limit_db`` is the largest error that is let pass.
    """

    precision: str
    files: tuple[str, ...]
    run: Runner | None = None
    limit_db: float = -60.0
    told: Mapping[str, Any] = field(default_factory=dict)
    """What whoever runs it has to know, for ``voice.json``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a format may be told; each takes what it knows.

    ``metadata`` goes into files that have room for it; ``calibration`` is what each graph is given when sentences are spoken,
    which INT8 scales are chosen on.
    """

    metadata: Mapping[str, str] = field(default_factory=dict)
    precision: str | None = None
    calibration: Mapping[str, Sequence[Mapping[str, Array]]] = field(default_factory=dict)


def cannot_express(format: str, graph: str, operator: str, why: str = "") -> PortError:
    """Return the error for an operator that a format does not have."""
    reason = f": {why}" if why else ""
    remedy = "choose another format, or leave this graph out"
    return PortError(f"format {format}: graph {graph!r} cannot be written, it has no {operator}{reason}; {remedy}")
