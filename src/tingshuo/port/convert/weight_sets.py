"""Which tensors of a file are those of a net: the begin of their names is found, whatever a training put in front.

``module.``, ``model.``, ``generator.``, ``state_dict.`` or any other: the begin that most names of the net stand behind. Where
the net is in a file twice, as trained and averaged (EMA), both are named, and the averaged one is taken unless another is asked
for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tingshuo.errors import PortError

SHOWN = 40
"""Most names of a kind in a message."""
AVERAGED = ("ema", "averag", "swa", "shadow")
"""In the begin of the names of averaged weights."""
IDLE = ("num_batches_tracked", "n_averaged")
"""Ends of names that count something for a training."""
_NORMS = (".weight_g", ".weight_v", ".parametrizations.weight.original0", ".parametrizations.weight.original1")


@dataclass(frozen=True, slots=True)
class WeightSet:
    """The tensors of a net: ``begin`` stands before their names, ``others`` are begins behind which the net is there again."""

    begin: str
    others: tuple[str, ...]


def find_set(names: Iterable[str], wanted: Iterable[str], choice: str | None, what: str) -> WeightSet:
    """Return where the tensors of a net are.

    Parameters
    ----------
    names : iterable of str
        Of all tensors of a file.
    wanted : iterable of str
        Of the net's, weight norm folded.
    choice : str or None
        A begin, where there are several sets.
    what : str
        The file, for messages.

    Raises
    ------
    PortError
        None of the net's tensors is there, or it is there several times and none was chosen.
    """
    expected = frozenset(wanted)
    found = Counter(begin for name in names for begin in _begins(name, expected))
    if not found:
        raise PortError(f"{what}: has no tensor of this net, which has: {listed(sorted(expected)[:5])}; it is of another one")
    most = max(found.values())
    whole = sorted(begin for begin, count in found.items() if count == most)
    if choice is not None:
        chosen = [begin for begin in whole if choice.strip("./") in (begin.rstrip("./"), *re.split("[./]", begin))]
        if len(chosen) != 1:
            raise PortError(f"{what}: has no set of weights {choice!r}; it has: {', '.join(map(_told, whole))}")
        return _set(chosen[0], whole)
    averaged = [begin for begin in whole if any(mark in begin.lower() for mark in AVERAGED)]
    if len(whole) > 1 and len(averaged) != 1:
        raise PortError(
            f"{what}: has the weights of this net {len(whole)} times: {', '.join(map(_told, whole))}; say which with --voice"
        )
    return _set(averaged[0] if len(whole) > 1 else whole[0], whole)


def compare(given: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], strange: Iterable[str], what: str) -> None:
    """Refuse tensors that are not just those of a net.

    Parameters
    ----------
    given : mapping
        Arrays by the names of the net.
    shapes : mapping
        What the net wants.
    strange : iterable of str
        Names without a place.
    what : str
        The file, for messages.

    Raises
    ------
    PortError
        A tensor is missing, has no place, another shape or another kind of numbers; all of them are named.
    """
    missing = [name for name in shapes if name not in given]
    wrong = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(shape)}"
        for name, shape in shapes.items()
        if name in given and tuple(given[name].shape) != tuple(shape)
    ]
    whole = [f"{name} {given[name].dtype}" for name in shapes if name in given and given[name].dtype.kind != "f"]
    kinds = (("missing", missing), ("without a place", list(strange)), ("of another shape", wrong), ("no fractions", whole))
    problems = [f"{len(names)} {kind}: {listed(names)}" for kind, names in kinds if names]
    if problems:
        raise PortError(f"{what}: its tensors do not fit the net: {'; '.join(problems)}")


def listed(names: list[str]) -> str:
    """Return names as a message has them."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def folded_name(name: str) -> str:
    """Return what a tensor is called once weight norm is folded."""
    return next((f"{name.removesuffix(end)}.weight" for end in _NORMS if name.endswith(end)), name)


def _begins(name: str, wanted: frozenset[str]) -> Iterable[str]:
    plain = folded_name(name)
    places = [0, *(place + 1 for place, letter in enumerate(plain) if letter in "./")]
    return (plain[:place] for place in places if plain[place:] in wanted)


def _set(begin: str, whole: list[str]) -> WeightSet:
    return WeightSet(begin, tuple(other for other in whole if other != begin))


def _told(begin: str) -> str:
    return begin.rstrip("./") or "(nothing in front)"
