"""What is taken for what: units side by side, counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tingshuo.text.metrics import Pair

MOST = 20


class Confusion(NamedTuple):
    """``said`` was heard as ``heard`` ``n`` times, ``of`` the times that it was said.

    ``heard`` is None where it was lost; ``said`` is None where something was heard that nobody said, and then ``of`` is how
    often that was heard.
    """

    said: str | None
    heard: str | None
    n: int
    of: int


class Confusions(NamedTuple):
    """The most frequent ones, the most frequent first, equally frequent ones in the order of their writing."""

    substitutions: tuple[Confusion, ...]
    deletions: tuple[Confusion, ...]
    insertions: tuple[Confusion, ...]


def confusions(utterances: Iterable[Sequence[Pair]], most: int = MOST) -> Confusions:
    """Count what is taken for what.

    Parameters
    ----------
    utterances : iterable of sequences of Pair
        From `tingshuo.text.metrics.pair_up`.
    most : int
        So many of each kind are told.
    """
    pairs = Counter(pair for utterance in utterances for pair in utterance)
    said, heard = Counter[str | None](), Counter[str | None]()
    for (one, other), count in pairs.items():
        said[one] += count
        heard[other] += count
    wrong = [Confusion(a, b, n, heard[b] if a is None else said[a]) for (a, b), n in pairs.items() if a != b]
    wrong.sort(key=lambda one: (-one.n, one.said or "", one.heard or ""))
    kinds = (
        [one for one in wrong if one.said is not None and one.heard is not None],
        [one for one in wrong if one.heard is None],
        [one for one in wrong if one.said is None],
    )
    return Confusions(*(tuple(kind[:most]) for kind in kinds))


def tone_only(utterances: Iterable[Sequence[Pair]]) -> tuple[int, int]:
    """Return how many syllables were heard with another tone alone, and how many as any other one.

    Parameters
    ----------
    utterances : iterable of sequences of Pair
        Of pinyin with tone digits.
    """
    wrong = [(a, b) for utterance in utterances for a, b in utterance if a is not None and b is not None and a != b]
    return sum(a[:-1] == b[:-1] and a[-1:].isdigit() and b[-1:].isdigit() for a, b in wrong), len(wrong)
