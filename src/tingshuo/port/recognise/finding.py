"""What is told of a file that was looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Missing(NamedTuple):
    """Something that belongs beside a file and is not there: what, and where people usually find it."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file or folder is.

    ``format`` is how it is written (``torch zip``, ``onnx``), ``system`` whose it is (``rvc``; empty where that is not known),
    ``version`` which of theirs, ``role`` what it is for, ``usable`` whether it is a part of a voice or of a recogniser,
    ``what_next`` one sentence for the person who has it; ``details`` are sizes and numbers worth knowing.
    """

    path: Path
    format: str
    system: str = ""
    version: str = ""
    role: str = ""
    sample_rate: int | None = None
    licence: str = ""
    missing: tuple[Missing, ...] = ()
    usable: bool = False
    what_next: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "path": str(self.path),
            "format": self.format,
            "system": self.system,
            "version": self.version,
            "role": self.role,
            "sample_rate": self.sample_rate,
            "licence": self.licence,
            "missing": [one._asdict() for one in self.missing],
            "usable": self.usable,
            "what_next": self.what_next,
            "details": dict(self.details),
        }
