"""Which speakers and styles of a voice are in its bundle.

Many people may teach a voice and few want to be copied by everybody: the rows of the others are not in the bundle at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.errors import ConfigError
from tingshuo.port.nets import ACOUSTIC
from tingshuo.train.config import StyleOffer

SPEAKERS, STYLES = "speaker.weight", "style.weight"
"""Tables of the acoustic model."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A voice with some of its speakers and styles, and their rows in the tables that it was trained with."""

    voice: VoiceConfig
    speakers: tuple[int, ...]
    styles: tuple[int, ...]

    def take(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the tensors of the acoustic model with these rows only."""
        rows = {SPEAKERS: self.speakers, STYLES: self.styles}
        return {name: np.ascontiguousarray(tensor[[*rows[name]]]) if name in rows else tensor for name, tensor in tensors.items()}


def offer(voice: VoiceConfig, speakers: Sequence[str] = (), styles: Mapping[str, StyleOffer] | None = None) -> Offered:
    """Choose what a voice offers.

    Parameters
    ----------
    voice : VoiceConfig
        With everybody who taught it.
    speakers : sequence of str
        Names in their new order, the first being the default; none is all of them.
    styles : Mapping of str to StyleOffer or None
        Name of a style, to how it is offered, in their new order; none is all of them.

    Raises
    ------
    ConfigError
        Someone, or a style, that the voice does not have, or one name twice.
    """
    people = {one.name: row for row, one in enumerate(voice.speakers)}
    manners = {one.name: row for row, one in enumerate(voice.styles)}
    wanted = styles or {name: StyleOffer() for name in manners}
    rows = _rows("speakers", speakers or people, people), _rows("styles", wanted, manners)
    chosen = []
    for row, how in zip(rows[1], wanted.values(), strict=True):
        changes = {key: value for key, value in how.fields().items() if value not in ("", None)}
        chosen.append(voice.styles[row].replace(**changes))
    _refuse_twice("speakers", speakers)
    _refuse_twice("styles", [one.name for one in chosen])
    sizes = {f"{ACOUSTIC}.speakers": len(rows[0]), f"{ACOUSTIC}.styles": len(rows[1])}
    offered = voice.replace(
        speakers=tuple(voice.speakers[row] for row in rows[0]),
        styles=tuple(chosen),
        architecture={**voice.architecture, **sizes},
    )
    return Offered(offered, *rows)


def _rows(key: str, names: Iterable[str], known: Mapping[str, int]) -> tuple[int, ...]:
    missing = [name for name in names if name not in known]
    if missing:
        shown = ", ".join([*known][:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        raise ConfigError(f"bundle.{key}: the voice has no {', '.join(missing)}; it has {shown}")
    return tuple(known[name] for name in names)


def _refuse_twice(key: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"bundle.{key}: {', '.join(twice)} is there twice; give each a name of its own")
