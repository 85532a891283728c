"""What an importer makes of a stranger's files: nets with their weights and all that a bundle needs to be told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import onnx
from numpy.typing import NDArray

from tingshuo.config import FamilyConfig
from tingshuo.port.importers.keys import KeyReport
from tingshuo.store.manifest import Attribution

Array = NDArray[Any]
UNKNOWN_LICENCE = "LicenseRef-unknown"
"""What a manifest says where nobody has said anything, in the form that SPDX has for licences without a name of their own."""
NOT_KNOWN = "Not known: it was imported. Ask whoever trained it on what ground the voices of these people may be used."


@dataclass(frozen=True, slots=True)
class Part:
    """Tensors of one file, float32 by the names of the net's parameters, with tables beside them, and how they went over."""

    tensors: Mapping[str, Array]
    report: KeyReport


@dataclass(frozen=True, slots=True)
class GivenGraph:
    """A graph that stays as it came: its weights are inside it, and will lie in the file of a part of the bundle."""

    model: onnx.ModelProto
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bundle before its graphs are proved; plain data, which one process can hand to another.

    The ``architecture`` of ``config`` says which nets there are; ``parts`` are named as their files of weights: ``acoustic``,
    ``vocoder``. ``graphs`` come beside those that the nets have, or in their place: a family all of whose graphs are given has no
    ``architecture``. How graphs are used is a row of `tingshuo.port.convert.rehearsals`. ``notes`` are sentences about what was
    found.
    """

    name: str
    task: str
    config: FamilyConfig
    parts: Mapping[str, Part] = field(default_factory=dict)
    graphs: Mapping[str, GivenGraph] = field(default_factory=dict)
    """By the names that the bundle will have for them."""
    system: str
    source: str
    """What was imported, for the model card: a file's name and what its program calls it, no path."""
    languages: tuple[str, ...] = ("zh-CN",)
    emotions: tuple[str, ...] = ()
    licence: str | None = None
    attributions: tuple[Attribution, ...] = ()
    notes: tuple[str, ...] = ()
