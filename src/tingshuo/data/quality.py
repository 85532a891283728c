"""Look at a corpus before hours are spent on it: every recording is read and measured, every text is put through the front-end.

Decoding is most of the work, then the text; memory holds a recording at a time and the measures.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tingshuo.data.clips import read_recordings
from tingshuo.data.findings import (
    KINDS,
    NARROW,
    Finding,
    band_limits,
    corpus_findings,
    repeated_findings,
    row_findings,
    tempo_findings,
)
from tingshuo.data.measures import Measures, measure_wav
from tingshuo.data.speech import LANGUAGES, words_of
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError

Progress = Callable[[int, int], None]
"""Told how many of how many rows are done."""
_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)
STATISTICS = ("duration_s", "level_db", "snr_db", "lead_s", "tail_s", "pause_s", "bandwidth_hz", "peak")
"""Measures whose percentiles are reported."""
PERCENTILES = (0, 5, 50, 95, 100)


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What was found in a corpus.

    ``rows`` are all rows in their order; ``measures`` and ``syllables`` (spoken ones, 0 where unknown) are by id and lack the
    rows that could not be read; ``findings`` are in the order of `KINDS`.
    """

    rows: Sequence[Utterance]
    measures: Mapping[str, Measures]
    syllables: Mapping[str, int]
    findings: Sequence[Finding]

    @property
    def bad(self) -> dict[str, str]:
        """Rows that cannot be learnt from, and why, by id."""
        found = [finding for finding in self.findings if KINDS[finding.kind].severity == "bad"]
        return {finding.id: finding.why for finding in reversed(found)}

    @property
    def counts(self) -> dict[str, int]:
        """Rows (or facts of the whole corpus) by kind of finding, in the order of `KINDS`; kinds without any are left out."""
        pairs = Counter(kind for kind, _ in {(f.kind, f.id or f.why) for f in self.findings})
        return {kind: pairs[kind] for kind in KINDS if pairs[kind]}

    @property
    def duration_s(self) -> float:
        """Of all recordings that can be read."""
        return sum(m.duration_s for m in self.measures.values())

    def usable(self) -> list[Utterance]:
        """Return the rows that are not bad, with the bandwidth filled in where it is narrow and the row does not say."""
        bad = self.bad
        rows = [row for row in self.rows if row.id not in bad]
        limits = band_limits(rows, [self.measures[row.id] for row in rows])
        return [self._with_bandwidth(row, limits) for row in rows]

    def fields(self) -> dict[str, Any]:
        """Return the report as plain dicts and lists, for JSON; measures of single rows are left out."""
        statistics = {
            name: dict(zip(map(str, PERCENTILES), self.percentiles(name), strict=True)) for name in STATISTICS if self.measures
        }
        return {
            "rows": len(self.rows),
            "usable": len(self.rows) - len(self.bad),
            "duration_s": round(self.duration_s, 2),
            "splits": dict(Counter(row.split for row in self.rows)),
            "speakers": len({row.speaker for row in self.rows}),
            "sample_rates": {str(rate): n for rate, n in sorted(Counter(m.sample_rate for m in self.measures.values()).items())},
            "percentiles": statistics,
            "counts": self.counts,
            "findings": [finding._asdict() for finding in self.findings],
        }

    def percentiles(self, name: str) -> list[float]:
        """Return the `PERCENTILES` of a measure over the rows that could be read, at least one."""
        return [round(float(v), 4) for v in np.percentile([getattr(m, name) for m in self.measures.values()], PERCENTILES)]

    def _with_bandwidth(self, row: Utterance, limits: Mapping[tuple[str, int], float]) -> Utterance:
        rate = self.measures[row.id].sample_rate
        width = limits[row.speaker, rate]
        narrow = row.bandwidth_hz is None and width < NARROW * rate / 2
        return row.replace(bandwidth_hz=width) if narrow else row


def inspect(rows: Sequence[Utterance], progress: Progress | None = None) -> QualityReport:
    """Measure every recording and check every text.

    Parameters
    ----------
    rows : sequence of Utterance
        With absolute paths and unique ids, as readers of corpora make them.
    progress : callable or None
        Told how many of how many rows are done.
    """
    measures: dict[str, Measures] = {}
    syllables: dict[str, int] = {}
    findings: list[Finding] = []
    for done, (row, recording) in enumerate(read_recordings(rows), 1):
        if isinstance(recording, DataError):
            findings.append(Finding("unreadable", row.id, str(recording)))
        else:
            measures[row.id] = measure_wav(*recording)
            syllables[row.id], doubts = check_text(row)
            findings += doubts
        if progress is not None:
            progress(done, len(rows))
    readable = [row for row in rows if row.id in measures]
    findings += _compared(readable, [measures[row.id] for row in readable], syllables)
    order = {kind: place for place, kind in enumerate(KINDS)}
    place_of = {row.id: place for place, row in enumerate(rows)}
    findings.sort(key=lambda finding: (order[finding.kind], place_of.get(finding.id, -1)))
    return QualityReport(rows, measures, syllables, findings)


def check_text(row: Utterance) -> tuple[int, list[Finding]]:
    """Put a text through the front-end; return its syllables and what is wrong with it.

    Of a language that the front-end does not speak, syllables are estimated from the vowels.
    """
    if row.text is None and row.pinyin is None:
        return 0, [Finding("no_text", row.id, "has neither text nor pinyin: enough for a vocoder only")]
    if row.lang.lower().replace("_", "-").split("-")[0] not in LANGUAGES:
        why = f"the text is in {row.lang!r}, which the front-end does not speak: enough for a vocoder only"
        return len(_VOWELS.findall(row.text or "")), [Finding("no_text", row.id, why)]
    spoken = words_of(row)
    kind = "text" if spoken.words else "unspeakable"
    return sum(len(word.syllables) for word in spoken.words), [Finding(kind, row.id, why) for why in spoken.warnings]


def _compared(rows: Sequence[Utterance], measures: Sequence[Measures], syllables: Mapping[str, int]) -> list[Finding]:
    """Return what is found by comparing recordings with one another."""
    if not rows:
        return []
    median_level_db = float(np.median([m.level_db for m in measures]))
    findings = [finding for row, m in zip(rows, measures, strict=True) for finding in row_findings(row, m, median_level_db)]
    findings += tempo_findings(rows, measures, [syllables[row.id] for row in rows])
    findings += repeated_findings(rows, {row.id: m.fingerprint for row, m in zip(rows, measures, strict=True)})
    return findings + corpus_findings(rows, measures)
