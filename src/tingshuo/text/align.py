"""Which character of a text became which character of its spoken form, without the help of whoever rewrote it.

Normalisation keeps most characters and rewrites a few (``3℃`` to ``三摄氏度``). The kept ones are found by matching, and inside
a rewritten stretch places are shared out evenly, so that marks, times and markup borders find their place in the other text.
"""

from itertools import pairwise

_MOST_PAIRS = 40_000


def align(before: str, after: str) -> list[int]:
    """Map each character of ``after`` to a character of ``before``.

    Parameters
    ----------
    before, after : str
        A text and its rewritten form; meant for sentences. Beyond 40,000 pairs of characters places are shared out evenly
        over the whole.

    Returns
    -------
    list of int
        One index into ``before`` for each character of ``after``, never falling. All 0 where ``before`` is empty.
    """
    if before == after:
        return list(range(len(after)))
    places: list[int] = []
    if len(before) * len(after) > _MOST_PAIRS:
        anchors = [(0, 0, 0), (len(before), len(after), 0)]
    else:
        from difflib import SequenceMatcher  # its import takes longer than most sentences

        anchors = [(0, 0, 0), *SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()]
    for (i, j, size), (next_i, next_j, _) in pairwise(anchors):
        places.extend(range(i, i + size))
        gap_before, gap_after = next_i - i - size, next_j - j - size
        places.extend(min(i + size + k * gap_before // gap_after, max(len(before) - 1, 0)) for k in range(gap_after))
    return places
