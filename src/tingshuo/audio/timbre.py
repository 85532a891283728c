"""Do two stretches of speech sound like one voice? Overlap of the distributions of their mel-cepstra.

Each stretch is described by a normal distribution of its frames' mel-cepstra 1 to 13; two are compared by the Bhattacharyya
coefficient, 0 (nothing in common) to 1 (the same). It needs no training and no network, but it is no speaker encoder
(`tingshuo.audio.speaker` is one): microphone and room count as part of the voice, and it wants some 20 s of varied speech.
`benchmarks/timbre.py` measures how well it tells people apart; docs/evaluate.md has the figures.

Sources: A. Bhattacharyya, "On a measure of divergence between two statistical populations defined by their probability
distributions", 1943; on such statistics of cepstra: F. Bimbot, I. Magrin-Chagnolleau and L. Mathan, "Second-order statistical
measures for text-independent speaker identification", 1995.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import log_mel
from tingshuo.audio.metrics import mel_cepstra
from tingshuo.audio.resample import resample
from tingshuo.config import MelConfig
from tingshuo.types import Wav

MEL = MelConfig(sample_rate=16000, n_fft=512, hop_length=160, win_length=400, n_mels=40, fmin=50.0, fmax=7600.0, floor=1e-5)
"""Telephone-like band that recordings of 16 kHz share with those of 24 kHz."""
ORDER = 13
SPEECH_RANGE_DB = 30.0
"""Frames further than this below the loud ones of their clip (95th percentile) are not speech."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """Mean (13,) and covariance (13, 13) of the mel-cepstra of ``seconds`` of speech."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    seconds: float


def timbre_of(wavs: Iterable[Wav], sample_rate: int) -> Timbre:
    """Describe the voice in some clips.

    Parameters
    ----------
    wavs : iterable of Wav
        Of one speaker, shape (T,) each, together at least a second.
    sample_rate : int
        Hz, of all of them.
    """
    cepstra = np.concatenate([_cepstra(resample(wav, sample_rate, MEL.sample_rate)) for wav in wavs], axis=1)
    # A little noise in every coefficient keeps a covariance from few frames invertible.
    covariance = np.cov(cepstra) + 1e-6 * np.eye(ORDER)
    return Timbre(cepstra.mean(axis=1), covariance, cepstra.shape[1] * MEL.hop_length / MEL.sample_rate)


def similarity(first: Timbre, second: Timbre) -> float:
    """Return how far two voices overlap, 0 to 1, the same either way round."""
    middle = (first.covariance + second.covariance) / 2
    apart = first.mean - second.mean
    volumes = [float(np.linalg.slogdet(matrix)[1]) for matrix in (middle, first.covariance, second.covariance)]
    distance = apart @ np.linalg.solve(middle, apart) / 8 + (volumes[0] - (volumes[1] + volumes[2]) / 2) / 2
    return float(np.exp(-max(float(distance), 0.0)))


def equal_error_rate(same: Iterable[float], other: Iterable[float]) -> tuple[float, float]:
    """Return the rate of errors, and its threshold, at which as many pairs of one voice are rejected as of two are accepted.

    Parameters
    ----------
    same, other : iterable of float
        Similarities of pairs of one voice and of pairs of two; at least one each.
    """
    own, foreign = np.sort(list(same)), np.sort(list(other))
    thresholds = np.unique(np.concatenate([own, foreign]))
    rejected = np.searchsorted(own, thresholds, "left") / len(own)
    accepted = 1 - np.searchsorted(foreign, thresholds, "left") / len(foreign)
    at = int(np.abs(rejected - accepted).argmin())
    return float(rejected[at] + accepted[at]) / 2, float(thresholds[at])


def _cepstra(wav: Wav) -> NDArray[np.float64]:
    mel = log_mel(wav, MEL)
    level_db = 10 * np.log10(np.mean(np.exp(2 * mel.astype(np.float64)), axis=0))
    return mel_cepstra(mel[:, level_db > np.percentile(level_db, 95) - SPEECH_RANGE_DB], ORDER)[1:]
