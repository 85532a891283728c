"""The path of a recording through the models: the phones of its words, with a pause that may follow any word.

A path is a row of M positions, ``states`` for each phone. Time passes through it from the first position to the last, each
frame staying or going on by one; the positions of a pause between words may be leapt over. Silence and pause are one model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tingshuo.text.symbols import ALL_PHONES, PAUSE, PHONES, SILENCE, encode
from tingshuo.types import Word

Ints = NDArray[np.int64]

_SILENCE, _PAUSE = PHONES.index(SILENCE), PHONES.index(PAUSE)

_ALIKE = (
    "b d g en:B en:D en:G",
    "p t k en:P en:T en:K",
    "zh z j ch c q en:CH en:JH",
    "sh s x f h en:SH en:S en:F en:TH en:HH",
    "m n l r en:M en:N en:NG en:L en:R en:DH en:V en:Z en:ZH",
    "a ia ua ai uai ao iao an ian uan van ang iang uang en:AA en:AE en:AW en:AY",
    "e ie ve ue ei uei en uen eng ueng er R o io uo ou iou ong iong en:AH en:AO en:EH en:ER en:EY en:OW en:OY",
    "i ii iii in ing v vn en:IH en:IY en:Y",
    "u en:UH en:UW en:W",
)
"""Phones that sound alike to one who has heard little."""


def phones_of(sequences: Iterable[Ints]) -> tuple[str, ...]:
    """Return the phones that models are needed for: those of Mandarin, and of English when a sequence of ids has one."""
    return ALL_PHONES if any((sequence >= len(PHONES)).any() for sequence in sequences) else PHONES


def broad_states(per_phone: int, phonemes: Sequence[str] = PHONES) -> Ints:
    """Return for each state that of the first phone of its kind: stops, fricatives, open vowels and so on, (states,)."""
    first = {phone: PHONES.index(group.split()[0]) for group in _ALIKE for phone in group.split()}
    phones = np.array([first.get(phone, k) for k, phone in enumerate(phonemes)])
    return (phones[:, None] * per_phone + np.arange(per_phone)).ravel()


@dataclass(frozen=True, slots=True)
class Path:
    """The positions of a recording.

    ``words`` are those that are spoken, ``asked`` the pause of the text after each (None where there is none). ``phones`` (N,)
    are phone ids, silence at both ends and a pause after every word but the last; ``word_index`` (N,) says to which word a phone
    belongs, -1 for silence. ``states`` (M,) is the model state of each position and ``optional`` (M,) marks first positions of
    what may be leapt over.
    """

    words: tuple[Word, ...]
    asked: tuple[Word | None, ...]
    phones: Ints
    word_index: Ints
    states: Ints
    optional: NDArray[np.bool_]
    per_phone: int

    @property
    def shortest(self) -> int:
        """Fewest frames in which the path can be gone."""
        return len(self.states) - int(self.optional.sum()) * self.per_phone


def path_of(words: Sequence[Word], per_phone: int) -> Path:
    """Lay out the path of words and pauses, ``per_phone`` positions for each phone; at least one word has syllables."""
    spoken = [w for w, word in enumerate(words) if word.syllables]
    ends = [*spoken[1:], len(words)]
    asked = tuple(next((word for word in words[w + 1 : end]), None) for w, end in zip(spoken, ends, strict=True))
    pause = Word("", pause_ms=1)
    laid_out = [piece for w in spoken for piece in (words[w], pause)][:-1]
    sequence = encode(laid_out)
    models = np.where(sequence.ids == _PAUSE, _SILENCE, sequence.ids)
    optional = np.zeros(len(models) * per_phone, np.bool_)
    optional[np.flatnonzero(sequence.ids == _PAUSE) * per_phone] = True
    return Path(
        words=tuple(words[w] for w in spoken),
        asked=asked,
        phones=sequence.ids,
        word_index=np.where(sequence.word_index >= 0, sequence.word_index // 2, -1),
        states=(models[:, None] * per_phone + np.arange(per_phone)).ravel(),
        optional=optional,
        per_phone=per_phone,
    )


def even(path: Path, first: int, stop: int, frames: int) -> Ints:
    """Return a first guess, the position of each of ``frames`` frames: phones evenly over frames ``first`` to ``stop``.

    Silence lies before and after; there are no pauses.
    """
    kept = np.flatnonzero(np.repeat(path.phones != _PAUSE, path.per_phone))
    parts = (kept[: path.per_phone], kept[path.per_phone : -path.per_phone], kept[-path.per_phone :])
    lengths = (first, stop - first, frames - stop)
    return np.concatenate([part[np.arange(n) * len(part) // max(n, 1)] for part, n in zip(parts, lengths, strict=True)])


@dataclass(frozen=True, slots=True)
class Timing:
    """Words with the pauses that were heard, and the hops of each phone, silences at both ends included, (N,) int64."""

    words: tuple[Word, ...]
    durations: Ints


def timing(
    path: Path, positions: Ints, hop_length: int, frame_length: int, frames: int, sample_rate: int, min_pause_s: float
) -> Timing:
    """Turn the position of each analysis frame into durations of phones.

    Parameters
    ----------
    path : Path
        The recording's.
    positions : ndarray (T,)
        Never falling; frame k is centred at sample ``k * hop_length``.
    hop_length : int
        Samples between analysis frames.
    frame_length : int
        Samples of a frame of the result; frame k is centred at sample ``k * frame_length``.
    frames : int
        Sum of the durations, at least the number of phones.
    sample_rate : int
        Hz.
    min_pause_s : float
        What is shorter is given to the phone that follows.
    """
    counts = np.bincount(positions // path.per_phone, minlength=len(path.phones))
    heard = (path.phones != _PAUSE) | (counts * hop_length >= min_pause_s * sample_rate)
    words: list[Word] = []
    for w, phone in enumerate(np.flatnonzero(path.phones == _PAUSE)):
        words.append(path.words[w])
        if heard[phone]:
            pause_ms = round(1000 * int(counts[phone]) * hop_length / sample_rate)
            words.append(replace(path.asked[w] or Word(""), pause_ms=pause_ms))
    words.append(path.words[-1])
    # Index among the phones that were heard; a pause that was not has the index of the phone that follows it.
    owner = np.cumsum(heard) - heard
    stops = np.cumsum(np.bincount(owner, counts))
    return Timing(tuple(words), whole_frames((stops - 0.5) * hop_length / frame_length, frames))


def whole_frames(stops: NDArray[np.float64], frames: int) -> Ints:
    """Return durations in whole frames, at least 1 each, that sum to ``frames``.

    ``stops`` are the fractional frames at which phones end; frame k belongs to the phone that its centre lies in.
    """
    n = len(stops)
    assert frames >= n
    steps = np.arange(1, n + 1)
    ends = np.ceil(stops).astype(np.int64)
    ends = np.maximum.accumulate(np.maximum(ends, 1) - steps) + steps
    ends[-1] = frames
    ends = np.minimum(ends, frames - n + steps)
    return np.diff(ends, prepend=0)
