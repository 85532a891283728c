"""What is judged on longer stretches than a row: predicted opinions (DNSMOS) and the timbre.

Clips are joined, in their order, until a stretch is long enough: the networks of DNSMOS hear nine seconds at once and would be
given a single word many times over; a timbre wants some twenty seconds of varied speech.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tingshuo.audio.dnsmos import SAMPLE_RATE as DNSMOS_RATE
from tingshuo.audio.dnsmos import WINDOW_SAMPLES, Dnsmos, Opinion
from tingshuo.audio.speaker import similarity as alike
from tingshuo.audio.speaker import speaker_vector
from tingshuo.audio.timbre import similarity, timbre_of
from tingshuo.tasks.evaluate.figures import Figure, summarise
from tingshuo.types import Wav

OPINION_S = WINDOW_SAMPLES / DNSMOS_RATE
TIMBRE_S = 20.0
SHORTEST_SHARE = 0.75
"""What is left at the end counts as a stretch from this share of the length on."""


def stretches(lengths: Sequence[Sequence[int]], least: float) -> list[slice]:
    """Cut rows into stretches in which every kind of sound has at least ``least`` samples.

    Parameters
    ----------
    lengths : sequence of sequences of int
        For each kind, the samples of each row.
    least : float
        Samples.

    Returns
    -------
    list of slice
        Consecutive rows; what is left at the end is a stretch when it is nearly long enough, or the only one.
    """
    found, start = [], 0
    held = [0] * len(lengths)
    rows = list(zip(*lengths, strict=True))
    for index, row in enumerate(rows):
        held = [total + samples for total, samples in zip(held, row, strict=True)]
        if min(held) >= least:
            found.append(slice(start, index + 1))
            start, held = index + 1, [0] * len(lengths)
    if start < len(rows) and (not found or min(held) >= SHORTEST_SHARE * least):
        found.append(slice(start, len(rows)))
    return found


def opinions(
    judge: Dnsmos, sounds: Mapping[str, Sequence[Wav]], sample_rate: int, advance: Callable[[float], None]
) -> list[Figure]:
    """Predict the opinion of each kind of sound, and what it loses against the recordings, stretch by stretch.

    Parameters
    ----------
    judge : Dnsmos
        The networks.
    sounds : mapping of str to clips
        By kind, shape (T,) each.
    sample_rate : int
        Hz.
    advance : callable
        Told the share of the work that was done since the last call.
    """
    cut = stretches([[len(wav) for wav in wavs] for wavs in sounds.values()], OPINION_S * sample_rate)
    scores: dict[str, list[Opinion]] = {kind: [] for kind in sounds}
    for kind, wavs in sounds.items():
        for rows in cut:
            scores[kind].append(judge.judge(np.concatenate(wavs[rows]), sample_rate))
            advance(1 / (len(sounds) * len(cut)))
    figures = []
    for kind, found in scores.items():
        for column, name in enumerate(Opinion._fields):
            figures.append(summarise(f"dnsmos_{name}", kind, [score[column] for score in found]))
        if kind != "recording" and "recording" in scores:
            pairs = list(zip(scores["recording"], found, strict=True))
            figures.append(summarise("dnsmos_ovrl_loss", kind, [own.ovrl - other.ovrl for own, other in pairs]))
            figures.append(summarise("dnsmos_p808_loss", kind, [own.p808 - other.p808 for own, other in pairs]))
    return [figure for figure in figures if figure is not None]


def timbres(recordings: Sequence[Wav], sounds: Mapping[str, Sequence[Wav]], sample_rate: int) -> list[Figure]:
    """Measure how far each kind of sound has the timbre of the recordings: overlap of cepstra, and similarity to a network's ear.

    A stretch is compared with the next stretch of recordings, so that no two that are compared say the same; recordings against
    recordings are the ceiling.

    Parameters
    ----------
    recordings : sequence of Wav
        Of one speaker.
    sounds : mapping of str to clips
        By kind, of the same rows.
    sample_rate : int
        Hz.

    Returns
    -------
    list of Figure
        Empty when there are not two stretches of recordings.
    """
    cut = stretches([[len(wav) for wav in recordings]], TIMBRE_S * sample_rate)
    if len(cut) < 2:
        return []
    figures = []
    for kind, wavs in sounds.items():
        pairs = [(wavs[rows], recordings[after]) for rows, after in zip(cut, [*cut[1:], cut[0]], strict=True)]
        overlaps = [similarity(timbre_of(mine, sample_rate), timbre_of(theirs, sample_rate)) for mine, theirs in pairs]
        cosines = [alike(*(speaker_vector(np.concatenate(part), sample_rate) for part in pair)) for pair in pairs]
        figures += [summarise("timbre_overlap", kind, overlaps), summarise("speaker_similarity", kind, cosines)]
    return [figure for figure in figures if figure is not None]
