"""What is read off a voice in a round, by names that files of bands and the history use.

A figure of speech from text has the name of its measure, ``dnsmos_ovrl``; that of copy-synthesis has its kind before it,
``copy.mcd_db``. Figures of the recordings alone say nothing of the voice, and what is predicted with the recordings' own timing
takes an aligner, which needs torch: neither is watched.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tingshuo.tasks.evaluate.figures import MEASURES, Figure, Measure

SPEECH, COPY = "speech", "copy"
FORCED_ALONE = ("mel_l1", "log_duration_rmse")
"""Measures that there are only with the recordings' own timing."""
OF_COPIES = (
    "mcd_db", "lsd_db", "f0_rmse_cents", "voicing_error_pct", "dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808",
    "dnsmos_ovrl_loss", "dnsmos_p808_loss", "timbre_overlap", "speaker_similarity",
)  # fmt: skip
"""Measures that copy-synthesis has."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure of one round: the mean of ``n`` values with the ends of its 95 % interval, NaN where it has none."""

    name: str
    value: float
    low: float
    high: float
    n: int


def known_names() -> tuple[str, ...]:
    """Names of everything that can be watched, in the order in which it is shown."""
    alone = [measure for measure in MEASURES if measure not in FORCED_ALONE]
    return (*alone, *(f"{COPY}.{measure}" for measure in MEASURES if measure in OF_COPIES))


def measure_of(name: str) -> Measure:
    """Return what a name measures, one of `known_names`."""
    return MEASURES[name.removeprefix(f"{COPY}.")]


def label_of(name: str) -> str:
    """Return the English label of a name, with its unit."""
    label = measure_of(name).label
    return f"copy-synthesis: {label}" if name.startswith(f"{COPY}.") else label


def written(name: str, value: float) -> str:
    """Return a value as it is shown: with one decimal more than an evaluation shows, as small changes matter here."""
    return f"{value:.{measure_of(name).digits + 1}f}"


def readings_of(figures: Iterable[Figure]) -> tuple[Reading, ...]:
    """Return what is watched among the figures of an evaluation, in the order of `known_names`."""
    names = {SPEECH: "", COPY: f"{COPY}."}
    found = {
        names[figure.kind] + figure.measure: figure
        for figure in figures
        if figure.kind in names and figure.measure not in FORCED_ALONE
    }
    return tuple(Reading(name, f.value, f.low, f.high, f.n) for name in known_names() if (f := found.get(name)) is not None)
