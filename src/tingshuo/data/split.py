"""Hold out a share of the texts for evaluation, the same ones on every machine and after recordings were added.

Each distinct text is held out or not by a hash of its letters, without punctuation and case: a text is never in two splits.
"""

import hashlib
from collections.abc import Sequence

from tingshuo.data.utterance import Utterance
from tingshuo.errors import RequestError

DEV_SHARE = 0.02
_SCALE = 1 << 64


def with_dev(rows: Sequence[Utterance], share: float = DEV_SHARE) -> list[Utterance]:
    """Return the rows with a dev split.

    Parameters
    ----------
    rows : sequence of Utterance
        Returned as they are when one of them is in the dev split already.
    share : float
        Part of the distinct texts that is held out, 0 to 0.5; 0 holds out nothing.

    Returns
    -------
    list of Utterance
        In the same order. Texts that are in the test split are not held out. There is at least one dev row when the train split
        has two texts.

    Raises
    ------
    RequestError
        The share is out of its range.
    """
    if not 0 <= share <= 0.5:
        raise RequestError(f"the share of dev rows must be from 0 to 0.5, got {share:g}", "dev_share")
    if share == 0 or any(row.split == "dev" for row in rows):
        return list(rows)
    tested = {text_key(row) for row in rows if row.split == "test"}
    places = {key: _place(key) for key in {text_key(row) for row in rows if row.split == "train"} - tested}
    if len(places) < 2:
        return list(rows)
    limit = max(share, min(places.values()))
    held_out = {key for key, place in places.items() if place <= limit}
    return [row.replace(split="dev") if row.split == "train" and text_key(row) in held_out else row for row in rows]


def text_key(row: Utterance) -> str:
    """Return what two rows of the same text have in common: its letters and digits in lower case, or pinyin, or else the id."""
    if row.text is not None:
        key = "".join(c for c in row.text.casefold() if c.isalnum())
        return f"text {key}" if key else f"id {row.id}"
    return f"pinyin {row.pinyin}" if row.pinyin is not None else f"id {row.id}"


def _place(key: str) -> float:
    """Return a number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / _SCALE
