"""Emotion and the user's controls as factors on what the model predicts: durations, F0, level, spectral tilt, pauses.

This is prosody control of a neutral voice, not an acted corpus. Each emotion is a set of effects relative to neutral, at
strength 1; strength scales them (multiplicative ones in the logarithm), so 0 is exactly neutral and 1.5 half as much again.
F0 is scaled around the voice's own mean and shifted as a whole, both in log-Hz, so every tone keeps its shape.

Sources. happy, sad, angry, fearful: medians over ten actors of EMO-DB (Burkhardt et al., Interspeech 2005), each emotion
over neutral of the same actor and sentence. Acted German is stronger than what a listener of a book or an assistant wants
and would squeeze Mandarin tones, so `ACTED_SHARE` of each logarithm (or difference) is taken. Levels are set by hand, as
those recordings were normalised. surprised, gentle and serious are set by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from math import exp, log, log2

import numpy as np
from numpy.typing import NDArray

from tingshuo.types import Prosody, SpeechRequest, Word

ACTED_SHARE = 0.5
"""Share of an actor's effect that counts as strength 1."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an emotion does, in quantities that add up: zero is neutral, and strength multiplies them."""

    log_rate: float = 0.0
    """Natural logarithm of the factor on speed."""
    pitch_semitones: float = 0.0
    log_range: float = 0.0
    """Natural logarithm of the factor on F0's distance from the voice's mean, in log-Hz."""
    slope_semitones_per_s: float = 0.0
    """Added to F0's trend over a sentence, around its middle."""
    volume_db: float = 0.0
    tilt_db_per_octave: float = 0.0
    """Slope added to the spectrum, around 1 kHz: positive is brighter, tenser."""
    log_pause: float = 0.0
    """Natural logarithm of the factor on pauses at punctuation."""

    def __add__(self, other: "Effect") -> "Effect":
        """Both effects at once."""
        return Effect(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Effect)))

    def scaled(self, strength: float) -> "Effect":
        """Return the effect at a strength."""
        return Effect(*(getattr(self, f.name) * strength for f in fields(Effect)))


def _acted(*, f0_mean: float, f0_range: float, rate: float, slope: float, tilt: float, pause: float, volume_db: float) -> Effect:
    """An effect from measured ratios (f0_mean, f0_range, rate, pause) and differences (slope, tilt); volume_db is as given."""
    return Effect(
        log_rate=ACTED_SHARE * log(rate),
        pitch_semitones=ACTED_SHARE * 12 * log2(f0_mean),
        log_range=ACTED_SHARE * log(f0_range),
        slope_semitones_per_s=ACTED_SHARE * slope,
        volume_db=volume_db,
        tilt_db_per_octave=ACTED_SHARE * tilt,
        log_pause=ACTED_SHARE * log(pause),
    )


EFFECTS: dict[str, Effect] = {
    "neutral": Effect(),
    # The rate of happiness has no clear direction (4 of 10 actors faster, quartiles 0.91 to 1.04): the upper quartile is taken.
    "happy": _acted(f0_mean=1.642, f0_range=1.336, rate=1.041, slope=0.854, tilt=1.158, pause=0.9, volume_db=2.0),
    # Sadness: tilt by hand, as EMO-DB's two measures of it disagree (+0.8 dB/octave, but 2.9 dB less energy above 1 kHz).
    "sad": _acted(f0_mean=0.904, f0_range=0.971, rate=0.642, slope=1.462, tilt=-1.0, pause=2.0, volume_db=-3.0),
    "angry": _acted(f0_mean=1.589, f0_range=1.269, rate=0.94, slope=1.827, tilt=3.482, pause=0.8, volume_db=3.5),
    "surprised": Effect(log_rate=log(1.05), pitch_semitones=4.0, log_range=log(1.35), slope_semitones_per_s=1.0, volume_db=2.0,
                        tilt_db_per_octave=0.5, log_pause=log(1.1)),
    "fearful": _acted(f0_mean=1.482, f0_range=0.969, rate=1.106, slope=2.399, tilt=1.116, pause=1.1, volume_db=-1.0),
    "gentle": Effect(log_rate=log(0.92), pitch_semitones=0.5, log_range=log(0.88), slope_semitones_per_s=0.3, volume_db=-3.0,
                     tilt_db_per_octave=-1.2, log_pause=log(1.2)),
    "serious": Effect(log_rate=log(0.93), pitch_semitones=-1.2, log_range=log(0.85), slope_semitones_per_s=-0.4, volume_db=0.5,
                      tilt_db_per_octave=0.4, log_pause=log(1.2)),
}  # fmt: skip

EMPHASIS: dict[int, Effect] = {
    -1: Effect(log_rate=log(1.1), log_range=log(0.85), volume_db=-3.0),
    0: Effect(),
    1: Effect(log_rate=log(0.9), log_range=log(1.15), pitch_semitones=0.5, volume_db=2.0),
    2: Effect(log_rate=log(0.82), log_range=log(1.3), pitch_semitones=1.0, volume_db=4.0),
}


@lru_cache(maxsize=512)
def _effect(prosody: Prosody, emotion: str, strength: float, speed: float, pitch: float, volume: float) -> Effect:
    """Everything that acts on a word, summed."""
    own_strength = strength if prosody.strength is None else prosody.strength
    return (
        EFFECTS.get(prosody.emotion or emotion, EFFECTS["neutral"]).scaled(own_strength)  # others are learnt, for whole requests
        + EMPHASIS[prosody.emphasis]
        + Effect(
            log_rate=log(prosody.rate * speed),
            pitch_semitones=prosody.pitch_semitones + pitch,
            volume_db=prosody.volume_db + volume,
        )
    )


@dataclass(frozen=True, slots=True)
class Controls:
    """Factors per word of a sentence, each array (W,)."""

    rate: NDArray[np.float64]
    pitch_semitones: NDArray[np.float64]
    range: NDArray[np.float64]
    slope_semitones_per_s: NDArray[np.float64]
    volume_db: NDArray[np.float64]
    tilt_db_per_octave: NDArray[np.float64]
    pause: NDArray[np.float64]


def controls(words: Sequence[Word], request: SpeechRequest) -> Controls:
    """Combine a request's emotion, speed, pitch and volume with each word's own prosody.

    Parameters
    ----------
    words : sequence of Word
        The words of a sentence, at least one.
    request : SpeechRequest
        Checked already.

    Returns
    -------
    Controls
        Arrays as long as ``words``.
    """
    each = [_effect(w.prosody, request.emotion, request.strength, request.speed, request.pitch, request.volume) for w in words]
    return Controls(
        rate=np.array([exp(e.log_rate) for e in each]),
        pitch_semitones=np.array([e.pitch_semitones for e in each]),
        range=np.array([exp(e.log_range) for e in each]),
        slope_semitones_per_s=np.array([e.slope_semitones_per_s for e in each]),
        volume_db=np.array([e.volume_db for e in each]),
        tilt_db_per_octave=np.array([e.tilt_db_per_octave for e in each]),
        pause=np.array([exp(e.log_pause) for e in each]),
    )
