"""What an importer makes of a stranger's files: nets with their weights and all that a bundle needs to be told of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from tingshuo.config import FamilyConfig
from tingshuo.port.importers.keys import KeyReport
from tingshuo.store.manifest import Attribution
from tingshuo.types import Runs

Array = NDArray[Any]
UNKNOWN_LICENCE = "LicenseRef-unknown"
"""What a manifest says where nobody has said anything, in the form that SPDX has for licences without a name of their own."""
NOT_KNOWN = "Not known: it was imported. Ask whoever trained it on what ground the voices of these people may be used."


@dataclass(frozen=True, slots=True)
class Part:
    """Tensors of one file, float32 by the names of the net's parameters, with tables beside them, and how they went over."""

    tensors: Mapping[str, Array]
    report: KeyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bundle before its graphs are proved.

    The ``architecture`` of ``config`` says which nets there are. ``parts`` are named as their files of weights: ``acoustic``,
    ``vocoder``. ``rehearse`` uses all graphs as they will be used,
    with whatever runs them; what they are given there is what they are proved with. ``notes`` are sentences about what was found.
    """

    name: str
    task: str
    config: FamilyConfig
    parts: Mapping[str, Part]
    rehearse: Callable[[Mapping[str, Runs]], None]
    system: str
    source: str
    """What was imported, for the model card: a file's name and what its program calls it, no path."""
    languages: tuple[str, ...] = ("zh-CN",)
    emotions: tuple[str, ...] = ()
    licence: str | None = None
    attributions: tuple[Attribution, ...] = ()
    notes: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the bundle beside config, weights and graphs."""
