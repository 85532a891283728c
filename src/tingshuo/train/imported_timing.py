"""From the symbols of an imported voice to our phones: how long each lasts, and what the voice's encoder made of it.

Symbols and phones meet syllable by syllable. In a syllable the first symbols are the first phones, one by one; what a voice has
more of is of the last phone (a tone, a filling), what it has fewer of is the last symbol cut evenly (erhua, which we write
apart). What stands between words is a pause where it lasts long enough, else it belongs to the phone that follows, as where an
aligner listens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.topology import whole_frames
from tingshuo.text.symbols import ERHUA
from tingshuo.train.imported_symbols import Read
from tingshuo.types import Syllable, Word

Array = NDArray[Any]
MIN_PAUSE_S = HmmConfig().min_pause_s
DECIMALS = 6
"""Of a frame."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A sentence laid out in our frames.

    ``words`` with the pauses that were heard, ``durations`` (P,) frames of each phone of ``encode(words)``, and ``hidden``
    (P, D), the mean over the symbols of each phone; zeros where a phone has none.
    """

    words: tuple[Word, ...]
    durations: NDArray[np.int64]
    hidden: NDArray[np.float32]


def lay_out(words: Sequence[Word], said: Read, lead_s: float, frames: int, frame_s: float) -> Laid | None:
    """Lay a sentence out.

    Parameters
    ----------
    words : sequence of Word
        Of the sentence.
    said : Read
        What the voice read.
    lead_s : float
        Silence before the voice's own first frame.
    frames : int
        Frames of ours that the sentence has, with silence before and after.
    frame_s : float
        Seconds of one.

    Returns
    -------
    Laid or None
        None where a syllable has no symbol, as the voice has left it out, or where there are fewer frames than phones.
    """
    ends = np.cumsum(said.seconds) + lead_s
    starts = ends - said.seconds
    laid: list[Word] = []
    stops: list[float] = []
    parts: list[Array] = []
    before = -1
    for w, word in enumerate(words):
        for k, syllable in enumerate(word.syllables):
            mine = np.flatnonzero((said.word_index == w) & (said.syllable_index == k))
            if not len(mine):
                return None
            between = np.arange(before + 1, mine[0])
            gap_s = float(said.seconds[between].sum())
            if before < 0 or (k == 0 and gap_s >= MIN_PAUSE_S):
                stops.append(float(starts[mine[0]]))
                parts.append(between)
                if before >= 0:
                    laid.append(_pause(words, w, gap_s))
            for owned, stop in _phones(syllable, mine, starts, ends):
                stops.append(stop)
                parts.append(owned)
            before = int(mine[-1])
        laid += [word] if word.syllables else []
    stops.append(frames * frame_s)
    parts.append(np.arange(before + 1, len(said.seconds)))
    if before < 0 or frames < len(stops):
        return None
    means = [said.hidden[part].mean(0) if len(part) else np.zeros(said.hidden.shape[1]) for part in parts]
    exact = np.round(np.array(stops) / frame_s, DECIMALS)  # sums of lengths that are whole frames of ours are no more than that
    return Laid(tuple(laid), whole_frames(exact, frames), np.array(means, np.float32))


def _pause(words: Sequence[Word], w: int, gap_s: float) -> Word:
    """Return the pause before a word as it was heard: that of the text, if there is one, at its length."""
    asked = words[w - 1] if not words[w - 1].syllables else Word("")
    return replace(asked, pause_ms=round(1000 * gap_s))


def _phones(syllable: Syllable, mine: Array, starts: Array, ends: Array) -> list[tuple[Array, float]]:
    """Return the symbols of each phone of a syllable, and where it ends, s."""
    n_phones = sum(1 for phone in syllable.phones or (syllable.initial, syllable.final, ERHUA if syllable.erhua else "") if phone)
    alone = min(n_phones, len(mine)) - 1
    found = [(mine[n : n + 1], float(ends[mine[n]])) for n in range(alone)]
    rest, left = mine[alone:], n_phones - alone
    begin, end = float(starts[rest[0]]), float(ends[rest[-1]])
    return found + [(rest, begin + (end - begin) * (n + 1) / left) for n in range(left)]
