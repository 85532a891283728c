"""One line of a report."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``state`` is ok, note (works, could be better) or broken; ``remedy`` is what to do, empty where nothing is to be done."""

    name: str
    state: State
    detail: str
    remedy: str = ""
