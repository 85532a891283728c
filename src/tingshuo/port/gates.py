"""What a faster graph must still do: the limits of its outputs, and of whole sentences spoken with it.

An error of an output is the energy of the difference over that of the reference, dB. Float32 stays below -60 dB. For fewer bits
the limits of `tingshuo.port.verify` hold; those that are added here are of outputs that only imported nets have. A sample is
what is heard, so it may differ most: -20 dB, and of whole sentences the distance of log-mels decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import log_mel
from tingshuo.audio.speaker import similarity, speaker_vector
from tingshuo.config import MelConfig
from tingshuo.port.passes.subject import Inputs
from tingshuo.port.verify import FP32_DB, LIMITS_DB
from tingshuo.tasks.golden import error_db
from tingshuo.tasks.tts import Speech
from tingshuo.types import Runs, TimedWord

Array = NDArray[Any]

FEW_BITS_DB: dict[str, float] = LIMITS_DB["int8"] | {"wav": -20.0, "log_duration": -35.0, "symbols": -35.0}
OTHERS_DB = -30.0
"""Of what is not named: keys, values, states, latent frames."""
MOST_MOVED_WORDS = 0.02
"""Share of words that may last another number of frames."""
MOST_MEL_NEPERS = 0.1
"""Mean difference of the log-mels of what is heard, where a model itself is about 0.47 away from a recording (docs/speed.md)."""
MEL_RANGE_NEPERS = 9.2
"""What lies this far below the loudest mel, 80 dB, is not compared: it is not heard."""
LEAST_SIMILARITY = 0.97
"""Cosine of the speaker's vectors; recordings of one person are mostly above 0.8."""
FRAME_S = 0.008
"""A word that lasts longer or shorter by less than about a frame lasts as long as before."""


def limit_db(precision: str, output: str) -> float:
    """Return the largest error of an output at a precision, dB."""
    return FP32_DB if precision == "fp32" else FEW_BITS_DB.get(output, OTHERS_DB)


def worst_errors(session: Runs, calls: Sequence[Inputs], expected: Sequence[Mapping[str, Array]]) -> dict[str, float]:
    """Return the largest error of each output over calls, dB; infinite for a NaN or another shape."""
    worst: dict[str, float] = {}
    for inputs, wanted in zip(calls, expected, strict=True):
        made = session.run(inputs)
        for name, reference in wanted.items():
            worst[name] = max(worst.get(name, -np.inf), error_db(made[name], reference))
    return worst


def refusal(errors: Mapping[str, float], precision: str) -> str:
    """Return why errors are too large, empty when they are not."""
    for name, error in errors.items():
        if not error <= limit_db(precision, name):
            return f"{name} is off by {error:.1f} dB, at most {limit_db(precision, name):g}"
    return ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Sentences spoken with other graphs, against the same with those that are there.

    ``moved_words`` is the share of words that last longer or shorter, ``mel_nepers`` the mean distance of log-mels (None where
    lengths differ, so that nothing lies beside its like), ``speaker`` the least cosine of the speakers' vectors, which takes the
    longest and is None where the others have refused already.
    """

    moved_words: float
    mel_nepers: float | None
    finite: bool
    speaker: float | None = None
    cer: str = field(default="not measured: no recogniser")

    @property
    def refusal(self) -> str:
        """Why this is not good enough; empty when it is."""
        if not self.finite:
            return "a sentence has samples that are not numbers"
        if self.moved_words > MOST_MOVED_WORDS:
            return f"{self.moved_words:.0%} of the words last another time, at most {MOST_MOVED_WORDS:.0%}"
        if self.mel_nepers is None:
            return "sentences have another length"
        if self.mel_nepers > MOST_MEL_NEPERS:
            return f"the log-mel is {self.mel_nepers:.3f} nepers away, at most {MOST_MEL_NEPERS:g}"
        if self.speaker is not None and self.speaker < LEAST_SIMILARITY:
            return f"the speaker's similarity is {self.speaker:.3f}, at least {LEAST_SIMILARITY:g}"
        return ""

    def figures(self) -> dict[str, float]:
        """Return what a manifest can hold of it."""
        found = {"moved_words": self.moved_words, "spk_sim": self.speaker, "mel_nepers": self.mel_nepers}
        return {name: value for name, value in found.items() if value is not None}


def hear(ours: Sequence[Speech], theirs: Sequence[Speech], timbres: Sequence[Array]) -> Hearing:
    """Compare sentences with the same as they were, whose speaker's vectors are known."""
    pairs = list(zip(ours, theirs, strict=True))
    moved = [abs(_lasts_s(a) - _lasts_s(b)) > FRAME_S for x, y in pairs for a, b in zip(x.words, y.words, strict=True)]
    distances = [mel_distance(x.wav, y.wav, x.sample_rate) for x, y in pairs if len(x.wav) == len(y.wav)]
    heard = Hearing(
        moved_words=float(np.mean(moved)) if moved else 0.0,
        mel_nepers=float(np.mean(distances)) if len(distances) == len(pairs) else None,
        finite=all(bool(np.isfinite(x.wav).all()) for x in ours),
    )
    if heard.refusal:
        return heard
    return replace(heard, speaker=min(similarity(*pair) for pair in zip(timbres_of(ours), timbres, strict=True)))


def timbres_of(speeches: Sequence[Speech]) -> tuple[Array, ...]:
    """Return the speaker's vector of each sentence."""
    return tuple(speaker_vector(speech.wav, speech.sample_rate) for speech in speeches)


def mel_distance(ours: Array, theirs: Array, sample_rate: int) -> float:
    """Return the mean distance of the log-mels of two signals of one length, nepers, where the second can be heard."""
    config = MelConfig(
        sample_rate=sample_rate, n_fft=1024, win_length=1024, hop_length=256, n_mels=80, fmin=0.0, fmax=sample_rate / 2
    )
    first, second = log_mel(ours, config), log_mel(theirs, config)
    floor = second.max() - MEL_RANGE_NEPERS
    heard = second > floor
    return float(np.abs(np.maximum(first, floor) - second)[heard].mean()) if heard.any() else 0.0


def _lasts_s(word: TimedWord) -> float:
    return word.end_s - word.start_s
