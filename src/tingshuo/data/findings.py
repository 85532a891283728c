"""What may be wrong with a corpus: rules over rows and their measures, each with its threshold here.

A finding is *bad* when the row cannot be learnt from, a *warning* when it would be learnt from badly, a *note* when it is
only worth knowing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.data.measures import Measures
from tingshuo.data.split import text_key
from tingshuo.data.utterance import Utterance

Severity = Literal["bad", "warning", "note"]


class Kind(NamedTuple):
    """A kind of finding: its names and what it means for training."""

    severity: Severity
    zh: str
    en: str


KINDS = {
    "unreadable": Kind("bad", "无法读取", "unreadable"),
    "silent": Kind("bad", "没有声音", "silent"),
    "unspeakable": Kind("bad", "文本无法朗读", "text cannot be spoken"),
    "leakage": Kind("warning", "训练集与评测集重复", "in train and in held-out rows"),
    "text": Kind("warning", "文本有疑问", "doubtful text"),
    "outlier": Kind("warning", "时长与字数不符", "duration does not fit the text"),
    "clipped": Kind("warning", "削波", "clipped"),
    "noisy": Kind("warning", "噪声大", "noisy"),
    "level": Kind("warning", "音量异常", "level far from the rest"),
    "silence": Kind("warning", "静音过长", "long silence"),
    "dc": Kind("warning", "直流偏移", "DC offset"),
    "length": Kind("warning", "过短或过长", "too short or too long"),
    "same_audio": Kind("warning", "音频重复", "same audio twice"),
    "narrow": Kind("note", "带宽不足", "narrow band"),
    "rates": Kind("note", "采样率不一", "several sample rates"),
    "same_text": Kind("note", "文本重复", "same text twice"),
    "no_text": Kind("note", "没有文本", "no text"),
}
"""In the order of reports."""
OF_THE_CORPUS = frozenset(("rates", "narrow"))
"""Kinds that no single row is to blame for."""

MAX_CLIPPED = 0.0005
"""Share of samples: one in two thousand is heard as a crackle."""
MIN_SNR_DB = 12.0
LEVEL_RANGE_DB = 10.0
"""From the median of the corpus, either way."""
MIN_LEVEL_DB = -40.0
MAX_EDGE_S = 1.0
"""Silence at the beginning or the end."""
MAX_PAUSE_S = 1.5
"""Silence inside: more than any comma or full stop."""
MAX_DC = 0.005
MIN_S, MAX_S = 0.25, 20.0
"""Length of a recording: under a syllable, over what fits a batch."""
OUTLIER_Z = 5.0
"""Robust standard deviations of the logarithm of speech time at a given number of syllables."""
OUTLIER_FLOOR = 0.08
"""Smallest robust standard deviation: readers never keep time to under 8 %, synthetic ones would."""
MIN_POOL = 30
"""Recordings of a speaker from which the usual tempo is learnt; below, all such speakers are taken together."""
NARROW = 0.8
"""Share of half the rate under which a speaker's recordings count as narrow."""


class Finding(NamedTuple):
    """Something found; ``id`` is the row's, or empty where it is of the whole corpus."""

    kind: str
    id: str
    why: str


def row_findings(row: Utterance, m: Measures, median_level_db: float) -> Iterator[Finding]:
    """Yield what one recording shows by itself, or beside the median level of all."""
    checks: list[tuple[str, bool, str]] = [
        ("clipped", m.clipped > MAX_CLIPPED, f"{100 * m.clipped:.2f} % of the samples are cut off"),
        ("noisy", m.snr_db < MIN_SNR_DB, f"speech is only {m.snr_db:.0f} dB above the noise"),
        ("level", m.level_db < MIN_LEVEL_DB, f"speech lies at {m.level_db:.0f} dB"),
        (
            "level",
            m.level_db >= MIN_LEVEL_DB and abs(m.level_db - median_level_db) > LEVEL_RANGE_DB,
            f"speech lies at {m.level_db:.0f} dB, that of the others at {median_level_db:.0f} dB",
        ),
        ("silence", m.lead_s > MAX_EDGE_S, f"{m.lead_s:.1f} s of silence at the beginning"),
        ("silence", m.tail_s > MAX_EDGE_S, f"{m.tail_s:.1f} s of silence at the end"),
        ("silence", m.pause_s > MAX_PAUSE_S, f"{m.pause_s:.1f} s of silence inside"),
        ("dc", abs(m.dc) > MAX_DC, f"the mean of the samples is {m.dc:+.3f}"),
        ("length", not MIN_S <= m.duration_s <= MAX_S, f"lasts {m.duration_s:.2f} s"),
    ]
    if m.speech_s <= 0:
        yield Finding("silent", row.id, "nothing but silence")
    else:
        yield from (Finding(kind, row.id, why) for kind, found, why in checks if found)


def tempo_findings(rows: Sequence[Utterance], measures: Sequence[Measures], syllables: Sequence[int]) -> list[Finding]:
    """Return the recordings whose speech lasts far longer or shorter than their text lets expect."""
    seconds = np.array([m.speech_s for m in measures])
    z = tempo_scores(seconds, np.array(syllables), [row.speaker for row in rows])
    found = []
    for index in np.flatnonzero(np.abs(z) > OUTLIER_Z).tolist():
        length = "long" if z[index] > 0 else "short"
        why = f"{seconds[index]:.2f} s of speech is {length} for {syllables[index]} syllables (z = {z[index]:+.1f})"
        found.append(Finding("outlier", rows[index].id, why))
    return found


def tempo_scores(seconds: NDArray[np.float64], syllables: NDArray[np.int64], speakers: Sequence[str]) -> NDArray[np.float64]:
    """Return how far each duration is from the usual one for its number of syllables.

    Parameters
    ----------
    seconds : NDArray
        (N,), of speech.
    syllables : NDArray
        (N,); where there is none, the score is 0.
    speakers : sequence of str
        Each with at least `MIN_POOL` recordings has a tempo of their own.

    Returns
    -------
    NDArray
        (N,), in robust standard deviations; above 0 is long.
    """
    scores = np.zeros(len(seconds))
    pools: dict[str | None, list[int]] = defaultdict(list)
    usable = [index for index in range(len(seconds)) if syllables[index] > 0 and seconds[index] > 0]
    counts: dict[str, int] = defaultdict(int)
    for index in usable:
        counts[speakers[index]] += 1
    for index in usable:
        pools[speakers[index] if counts[speakers[index]] >= MIN_POOL else None].append(index)
    for indices in pools.values():
        n, y = syllables[indices], np.log(seconds[indices])
        residual = y - _usual(np.log(n), y)
        spread = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
        scores[indices] = (residual - np.median(residual)) / max(spread, OUTLIER_FLOOR)
    return scores


def _usual(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a line through the medians of y at each x; where there is one x or few points, y goes as x."""
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(values) < 2 or len(x) < MIN_POOL:
        return x + np.median(y - x)
    medians = np.array([np.median(y[inverse == k]) for k in range(len(values))])
    slope, intercept = np.polyfit(values, medians, 1, w=np.sqrt(counts))
    usual: NDArray[np.float64] = slope * x + intercept
    return usual


def repeated_findings(rows: Sequence[Utterance], fingerprints: Mapping[str, str]) -> list[Finding]:
    """Return rows whose text or audio occurs again: in held-out rows as in train, or for one speaker in one split.

    Parameters
    ----------
    rows : sequence of Utterance
        In their order; of several in one split, the later ones are named.
    fingerprints : mapping
        Of the audio, by id.
    """
    with_text = [row for row in rows if row.text is not None or row.pinyin is not None]
    found = _repeated(with_text, text_key, "text", "same_text", lambda row: row.speaker)
    return found + _repeated(rows, lambda row: fingerprints[row.id], "audio", "same_audio", lambda row: "")


def _repeated(
    rows: Iterable[Utterance], key: Callable[[Utterance], str], what: str, kind: str, within: Callable[[Utterance], str]
) -> list[Finding]:
    groups: dict[str, list[Utterance]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    found = []
    for group in groups.values():
        trained = next((row for row in group if row.split == "train"), None)
        first: dict[tuple[str, str], str] = {}
        for row in group:
            if trained is not None and row.split != "train":
                found.append(Finding("leakage", row.id, f"has the {what} of {trained.id!r}, which is trained on"))
            other = first.setdefault((row.split, within(row)), row.id)
            if other != row.id:
                found.append(Finding(kind, row.id, f"has the {what} of {other!r}"))
    return found


def corpus_findings(rows: Sequence[Utterance], measures: Sequence[Measures]) -> list[Finding]:
    """Return what is true of the whole corpus or of a speaker: several sample rates, a narrow band."""
    found = []
    rates: dict[int, int] = defaultdict(int)
    for m in measures:
        rates[m.sample_rate] += 1
    if len(rates) > 1:
        shares = ", ".join(f"{rate} Hz ({count})" for rate, count in sorted(rates.items()))
        found.append(Finding("rates", "", f"recordings have {len(rates)} sample rates: {shares}"))
    for (speaker, rate), width in band_limits(rows, measures).items():
        if width < NARROW * rate / 2:
            why = f"recordings of speaker {speaker!r} at {rate} Hz have nothing above {width / 1000:.1f} kHz"
            found.append(Finding("narrow", "", why))
    return found


def band_limits(rows: Sequence[Utterance], measures: Sequence[Measures]) -> dict[tuple[str, int], float]:
    """Return the highest frequency with content, Hz, of each speaker and sample rate: nine in ten recordings stop below it."""
    widths: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row, m in zip(rows, measures, strict=True):
        widths[row.speaker, m.sample_rate].append(m.bandwidth_hz)
    return {place: float(np.percentile(found, 90)) for place, found in widths.items()}
