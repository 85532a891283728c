"""Figures with what makes them worth something: what was measured, on how many, and how sure one can be.

Intervals are percentile bootstraps (B. Efron, "Bootstrap methods: another look at the jackknife", 1979): the mean of as many
values drawn with replacement, 2000 times; 95 % of those means lie within. They say how the choice of rows moves a figure, not
how good the measure is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured: its names, its unit and which way is better (``lower``, ``higher`` or ``""`` where neither is)."""

    chinese: str
    english: str
    unit: str = ""
    better: str = ""
    digits: int = 2

    @property
    def label(self) -> str:
        """The English name with the unit."""
        return f"{self.english}, {self.unit}" if self.unit else self.english


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "mel_l1": Measure("梅尔谱绝对误差", "mel error, mean absolute", "Np", "lower", 3),
        "mcd_db": Measure("梅尔倒谱距离", "mel-cepstral distance", "dB", "lower"),
        "lsd_db": Measure("对数谱距离", "log-spectral distance", "dB", "lower"),
        "f0_rmse_cents": Measure("基频误差", "F0 error", "cents", "lower", 0),
        "melody_rmse_cents": Measure("旋律误差（去掉平均音高）", "melody error (mean pitch removed)", "cents", "lower", 0),
        "voicing_error_pct": Measure("清浊错误", "voicing error", "%", "lower", 1),
        "log_duration_rmse": Measure("音素时长对数误差", "error of phone lengths, logarithm", "", "lower", 3),
        "duration_error_pct": Measure("总时长误差", "error of total length", "%", "lower", 1),
        "tempo_ratio": Measure("时长比（合成／录音）", "length, synthesis / recording", "", ""),
        "syllable_error_ms": Measure("音节时长误差（同速后）", "error of syllable lengths (at equal tempo)", "ms", "lower", 0),
        "reading_error_pct": Measure("读音与录音不同的音节", "syllables read otherwise", "%", "lower", 1),
        "dnsmos_ovrl": Measure("DNSMOS 总体", "DNSMOS OVRL", "", "higher"),
        "dnsmos_sig": Measure("DNSMOS 语音", "DNSMOS SIG", "", "higher"),
        "dnsmos_bak": Measure("DNSMOS 背景", "DNSMOS BAK", "", "higher"),
        "dnsmos_p808": Measure("DNSMOS P.808", "DNSMOS P.808", "", "higher"),
        "dnsmos_ovrl_loss": Measure("总体分比录音低", "OVRL below the recordings", "", "lower"),
        "dnsmos_p808_loss": Measure("P.808 分比录音低", "P.808 below the recordings", "", "lower"),
        "timbre_overlap": Measure("音色重合（与录音）", "timbre overlap with recordings", "", "higher"),
        "speaker_similarity": Measure("说话人相似度（与录音）", "speaker similarity with recordings", "", "higher", 3),
        "inaudible_pct": Measure("听不见或长度异常的音节", "syllables that do not sound", "%", "lower"),
        "misheard_characters_pct": Measure("听错的字", "characters misheard", "%", "lower"),
        "misheard_syllables_pct": Measure("听错的音节（连声调）", "syllables misheard, with their tones", "%", "lower"),
        "tones_correlation": Measure("声调轮廓相关（每条，二到四声）", "tones 2 to 4 of a text, correlation", "", "higher"),
        "tone2_correlation": Measure("二声轮廓相关", "tone 2, correlation", "", "higher"),
        "tone3_correlation": Measure("三声轮廓相关", "tone 3, correlation", "", "higher"),
        "tone4_correlation": Measure("四声轮廓相关", "tone 4, correlation", "", "higher"),
        "tone1_change_semitones": Measure("一声首尾变化", "tone 1, change", "st", ""),
        "tone2_change_semitones": Measure("二声首尾变化", "tone 2, change", "st", ""),
        "tone3_change_semitones": Measure("三声首尾变化", "tone 3, change", "st", ""),
        "tone4_change_semitones": Measure("四声首尾变化", "tone 4, change", "st", ""),
        "rtf": Measure("实时率", "RTF", "", "lower", 4),
    }
)
"""Every measure by its name in JSON, in the order in which they are shown."""

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "recording": ("录音", "recording"),
        "copy": ("复制合成", "copy-synthesis"),
        "forced": ("给定时长与基频", "given timing and F0"),
        "speech": ("文本合成", "text to speech"),
    }
)
"""What is measured: the recordings, their mels and F0 through the vocoder, mels predicted with the recordings' phone lengths and
F0, and the same text spoken by the voice."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of a measure over ``n`` values, with the ends of its 95 % interval (NaN for a single value).

    ``measure`` is a key of `MEASURES`, ``kind`` one of `KINDS`.
    """

    measure: str
    kind: str
    value: float
    low: float
    high: float
    n: int

    @property
    def text(self) -> str:
        """The figure as it is shown: value and interval."""
        digits = MEASURES[self.measure].digits
        interval = "" if np.isnan(self.low) else f" [{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"{self.value:.{digits}f}{interval}"


def summarise(measure: str, kind: str, values: ArrayLike, *, seed: int = 0) -> Figure | None:
    """Return the mean of values with its interval, None when none of them is a number.

    Parameters
    ----------
    measure, kind : str
        Keys of `MEASURES` and `KINDS`.
    values : array (N,)
        NaN where something could not be measured; those do not count.
    seed : int
        Of the resampling, so that the same values give the same interval.
    """
    assert measure in MEASURES, measure
    assert kind in KINDS, kind
    known = np.asarray(values, np.float64).ravel()
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    low = high = float("nan")
    if len(known) > 1:
        drawn = np.random.default_rng(seed).integers(0, len(known), (RESAMPLES, len(known)))
        low, high = np.percentile(known[drawn].mean(axis=1), [2.5, 97.5]).tolist()
    return Figure(measure, kind, float(known.mean()), low, high, len(known))


def by_measure(figures: Iterable[Figure]) -> dict[str, dict[str, Figure]]:
    """Return figures as measure -> kind -> figure, in the order of `MEASURES` and `KINDS`."""
    found = {(figure.measure, figure.kind): figure for figure in figures}
    table = {m: {k: found[m, k] for k in KINDS if (m, k) in found} for m in MEASURES}
    return {measure: kinds for measure, kinds in table.items() if kinds}
