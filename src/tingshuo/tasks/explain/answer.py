"""What a voice answers to words: length, F0 and energy of each syllable; and how two answers differ.

Lengths are the model's own, before they are rounded to frames. F0 and energy of a changed sentence are computed with the timing
of the sentence as spoken, so frames lie side by side: a change of length is told once, as such, and rounding adds no noise. Left
to their own timing, the same influences on F0 carry four times the noise of int8 (built-in voice, tones of its sentences: 95 % of
influences differ from those in float32 by less than 0.27 instead of 0.07 semitones). S syllables, F frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.acoustic import SentenceAcoustics, Timbre
from tingshuo.tasks.explain.result import Floats
from tingshuo.tasks.prosody import Controls
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.symbols import PhoneSequence
from tingshuo.types import SpeechRequest, Word

FEWEST_VOICED, LEAST_VOICED = 3, 0.2
"""Frames, and share of a syllable's frames: a mean F0 over fewer would tell of its edge, where another syllable still sounds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``seconds`` of each syllable (S,); by frame ``owner``, the syllable (-1 in silence), ``f0_hz`` and ``power``, each (F,).

    ``durations`` are frames of each phone of ``phones``; ``power`` is the sum over mel bands of squared magnitudes.
    """

    seconds: Floats
    owner: NDArray[np.int64]
    f0_hz: NDArray[np.float32]
    power: Floats
    phones: PhoneSequence
    durations: NDArray[np.int64]

    def mean_power(self) -> Floats:
        """Mean power of each syllable, (S,)."""
        n = len(self.seconds)
        inside = self.owner >= 0
        total = np.bincount(self.owner[inside], self.power[inside], n)
        return np.asarray(total / np.bincount(self.owner[inside], minlength=n))

    def frames_of(self, syllable: int) -> NDArray[np.int64]:
        """Return the frames of a syllable, in order."""
        return np.flatnonzero(self.owner == syllable)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask and how: the graphs with their config, and a timbre in the manner of a request."""

    graphs: Mapping[str, Session]
    config: VoiceConfig
    timbre: Timbre
    request: SpeechRequest

    def answer(self, words: Sequence[Word], timing: Answer | None = None) -> Answer:
        """Return the answer to words.

        Parameters
        ----------
        words : sequence of Word
            At least one with syllables.
        timing : Answer or None
            Whose lengths the frames follow, to as many spoken phones; None is their own.

        Raises
        ------
        TextError
            The voice lacks a phone.
        """
        acoustics = _TimedAcoustics(self, words, timing)
        f0, mel = acoustics.f0_hz(0, acoustics.frames), acoustics.mel(0, acoustics.frames)
        power = np.exp(2 * mel.astype(np.float64)).sum(axis=0) * 10 ** (acoustics.gain_db / 10)
        owner = syllable_of(acoustics.phones)
        spoken = owner >= 0
        seconds = np.bincount(owner[spoken], acoustics.seconds[spoken]).astype(np.float64)
        return Answer(seconds, np.repeat(owner, acoustics.durations), f0, power, acoustics.phones, acoustics.durations)


def syllable_of(phones: PhoneSequence) -> NDArray[np.int64]:
    """Count the syllables of a sentence: which one each phone belongs to, (N,), -1 for silence."""
    spoken = phones.word_index >= 0
    place = np.stack([phones.word_index, phones.syllable_index])[:, spoken]
    new = np.diff(place, axis=1, prepend=-1).any(axis=0)
    owner = np.full(len(spoken), -1, np.int64)
    owner[spoken] = np.cumsum(new) - 1
    return owner


def mean_f0_hz(answer: Answer, syllable: int) -> float | None:
    """Mean over the voiced frames of a syllable, of the logarithm; None where too few are."""
    f0 = answer.f0_hz[answer.frames_of(syllable)]
    voiced = f0[f0 > 0].astype(np.float64)
    return float(np.exp(np.log(voiced).mean())) if voiced_enough(len(voiced), len(f0)) else None


def voiced_enough(voiced: NDArray[np.int64] | int, frames: NDArray[np.int64] | int) -> NDArray[np.bool_] | bool:
    """Tell whether so many voiced frames are enough for a mean F0 of a syllable of so many frames."""
    return (voiced >= FEWEST_VOICED) & (voiced >= LEAST_VOICED * frames)


def influence(spoken: Answer, replaced: Answer) -> dict[str, Floats]:
    """Return how a sentence as spoken differs from one with an input replaced, by measure, each (S,).

    ``duration`` in percent of the replaced one; ``f0`` in semitones, over frames that are voiced in both, NaN where those are
    too few; ``energy`` in dB of mean power. The replaced one has the timing of the spoken one.
    """
    inside, other = spoken.owner >= 0, replaced.owner >= 0
    owner, n = spoken.owner[inside], len(spoken.seconds)
    before, now = replaced.f0_hz[other].astype(np.float64), spoken.f0_hz[inside].astype(np.float64)
    both = (before > 0) & (now > 0)
    semitones = 12 * np.log2(np.where(both, now, 1) / np.where(both, before, 1))
    voiced = np.bincount(owner[both], minlength=n)
    total = np.bincount(owner[both], semitones[both], n)
    return {
        "duration": 100 * (spoken.seconds / replaced.seconds - 1),
        "f0": np.where(voiced_enough(voiced, np.bincount(owner, minlength=n)), total / np.maximum(voiced, 1), np.nan),
        "energy": 10 * np.log10(spoken.mean_power() / replaced.mean_power()),
    }


class _TimedAcoustics(SentenceAcoustics):
    """The acoustics of a sentence, where asked with frames in the timing of another answer."""

    def __init__(self, asked: Asked, words: Sequence[Word], timing: Answer | None) -> None:
        self._timing = timing
        super().__init__(asked.graphs, asked.config, words, asked.timbre, asked.request, Stopwatch())

    def _durations(self, words: Sequence[Word], per_word: Controls) -> NDArray[np.int64]:
        durations = super()._durations(words, per_word)
        return durations if self._timing is None else _same_timing(self.phones, self._timing)


def _same_timing(phones: PhoneSequence, timing: Answer) -> NDArray[np.int64]:
    """Frames of each phone as in another answer: spoken phones in their order, silences by how many spoken phones are before."""
    spoken, known = (sequence.word_index >= 0 for sequence in (phones, timing.phones))
    silences = dict(zip(np.cumsum(known)[~known].tolist(), timing.durations[~known].tolist(), strict=True))
    durations = np.empty(len(spoken), np.int64)
    durations[spoken] = timing.durations[known]
    durations[~spoken] = [silences[before] for before in np.cumsum(spoken)[~spoken].tolist()]
    return durations
