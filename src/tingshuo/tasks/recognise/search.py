"""Searches: from how likely each unit is at each frame to the most likely texts.

`greedy` takes the best unit of each frame. `prefix_beam` adds up all the ways in which frames can spell a text, for the best few
texts, and is the place where a language model or hotwords have their say (`Scorer`). `rescore` asks attention decoders which of
those few is right. Log probabilities are natural logarithms.

Sources: Graves et al. 2006, "Connectionist Temporal Classification"; Hannun et al. 2014, "First-Pass Large Vocabulary Continuous
Speech Recognition using Bi-Directional Recurrent DNNs" (prefix beam); Yao et al. 2021, "WeNet" (rescoring).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tingshuo.tasks.recognise.prefixes import PrefixBeam, Scorer, backwards

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Judge = Callable[[Ids, Ids], Floats]
"""A decoder: units before, (B, U), and units, (B, U), to the log probability of each of these, (B, U)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A text that may have been said."""

    units: tuple[int, ...]
    score: float
    """Higher is likelier; comparable among the hypotheses of one search alone."""
    frames: tuple[int, ...]
    """The frame at which each unit was heard best."""
    confidences: tuple[float, ...]
    """How sure each unit is, 0 to 1."""


def greedy(log_probs: Floats, blank: int = 0) -> Hypothesis:
    """Return the best unit of each frame, repetitions as one, without blanks.

    Parameters
    ----------
    log_probs : NDArray
        (T, units) of CTC.
    blank : int
        The unit that is none.

    Returns
    -------
    Hypothesis
        Its score is the log probability of this one way through the frames.
    """
    best = log_probs.argmax(1)
    values = log_probs[np.arange(len(best)), best]
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    runs = [(b, e) for b, e in zip(begins, [*begins, len(best)][1:], strict=True) if best[b] != blank]
    frames = [int(b + values[b:e].argmax()) for b, e in runs]
    return Hypothesis(
        tuple(int(best[frame]) for frame in frames),
        float(values.sum(dtype=np.float64)),
        tuple(frames),
        tuple(float(np.exp(values[frame])) for frame in frames),
    )


def prefix_beam(
    log_probs: Floats, beam: int = 10, blank: int = 0, scorer: Scorer | None = None, least: float = -math.inf
) -> tuple[Hypothesis, ...]:
    """Return the most likely texts of a whole utterance; `PrefixBeam` does it piece by piece.

    Parameters
    ----------
    log_probs : NDArray
        (T, units) of CTC.
    beam : int
        How many texts are kept, and how many units of a frame are looked at.
    blank : int
        The unit that is none.
    scorer : Scorer or None
        Adds to the score of a text whenever a unit is added to it.
    least : float
        How far below the likeliest of its frame a unit may be to be looked at; see `PrefixBeam`.

    Returns
    -------
    tuple of Hypothesis
        Up to ``beam``, the best first. A score is the log probability of the text over all ways through the frames, and what
        the scorer adds.
    """
    search = PrefixBeam(beam, blank, scorer, least)
    search.feed(log_probs)
    return hypotheses(search)


def hypotheses(search: PrefixBeam) -> tuple[Hypothesis, ...]:
    """Return the texts of a search as far as it is fed, the best first; it may be fed on."""
    found = []
    for ended in search.ended():
        marks = list(backwards(ended.marks))[::-1]
        confidences = tuple(float(np.exp(mark.log_prob)) for mark in marks)
        found.append(Hypothesis(ended.units, ended.score, tuple(mark.frame for mark in marks), confidences))
    return tuple(found)


def rescore(
    found: Sequence[Hypothesis],
    sos: int,
    eos: int,
    forward: Judge,
    backward: Judge | None = None,
    *,
    ctc_weight: float = 0.5,
    reverse_weight: float = 0.0,
) -> tuple[Hypothesis, ...]:
    """Let attention decoders judge the texts of a search.

    Parameters
    ----------
    found : sequence of Hypothesis
        One or more, of `prefix_beam`.
    sos, eos : int
        Units that mark begin and end; they may be the same.
    forward, backward : callable
        The decoders from left to right and from right to left; each is called once, with all texts.
    ctc_weight : float
        How much the score of the search counts beside that of the decoders.
    reverse_weight : float
        Share of the decoder from right to left, 0 to 1; it is not asked where that is 0.

    Returns
    -------
    tuple of Hypothesis
        All of them, the best first, with their new scores and confidences.
    """
    judged = _judge([h.units for h in found], sos, eos, forward)
    share = reverse_weight if backward is not None else 0.0
    opposite = _judge([h.units[::-1] for h in found], sos, eos, backward) if backward is not None and share else judged
    rescored = []
    for h, there, back in zip(found, judged, opposite, strict=True):
        attention = (1 - share) * float(there.sum(dtype=np.float64)) + share * float(back.sum(dtype=np.float64))
        sure = np.exp(there[:-1]) if opposite is judged else (np.exp(there[:-1]) + np.exp(back[-2::-1])) / 2
        rescored.append(replace(h, score=attention + ctc_weight * h.score, confidences=tuple(sure.tolist())))
    return tuple(sorted(rescored, key=lambda h: h.score, reverse=True))


def _judge(texts: Sequence[Sequence[int]], sos: int, eos: int, judge: Judge) -> list[Floats]:
    """Return for each text the log probability of its units and of its end."""
    longest = max(map(len, texts))
    before, units = (np.full((len(texts), longest + 1), eos, np.int64) for _ in range(2))
    before[:, 0] = sos
    for row, text in enumerate(texts):
        before[row, 1 : len(text) + 1] = units[row, : len(text)] = text
    log_probs = judge(before, units)
    return [log_probs[row, : len(text) + 1] for row, text in enumerate(texts)]
