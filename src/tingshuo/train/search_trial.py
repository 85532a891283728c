"""A trial of a search: what was tried, and what came of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tingshuo.train.search_plan import Settings


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried, and what it came to after how many steps; ``failed`` says why it came to nothing."""

    number: int
    settings: Settings
    values: Mapping[int, float] = field(default_factory=dict)
    failed: str | None = None

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"trial-{self.number:03d}"

    @property
    def steps(self) -> int:
        """How far it came."""
        return max(self.values, default=0)

    @property
    def value(self) -> float:
        """What it came to in the end; nothing is infinitely bad."""
        return math.inf if self.failed or not self.values else self.values[self.steps]
