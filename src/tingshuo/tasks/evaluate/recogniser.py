"""Evaluate a recogniser on the utterances of a corpus: what it hears wrong, how sure it is, how long it takes.

::

    evaluation = evaluate_recogniser(open_recogniser("bundle"), rows, "my corpus", name="mine")
    evaluation.rate("cer").text                         # '12.31 [10.90, 13.84]', %
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, RequestError
from tingshuo.tasks.evaluate.calibration import Calibration, calibrate
from tingshuo.tasks.evaluate.classification import Classification, of_texts
from tingshuo.tasks.evaluate.listening import LeftOut, Listened, listen, rights
from tingshuo.tasks.evaluate.significance import FEW_SPEAKERS, rate_interval
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.text.metrics import FORMS, Errors

LENGTHS_S = (2, 4, 6, 10, 15)
"""Where classes of length end."""
SNRS_DB = (10, 20, 30, 40)
"""Where classes of the estimated signal-to-noise ratio end."""


@dataclass(frozen=True, slots=True)
class RateMeasure:
    """A rate of errors: its names, and the unit that it counts; "" counts utterances."""

    chinese: str
    english: str
    unit: str


RATES: Mapping[str, RateMeasure] = MappingProxyType(
    {
        "cer": RateMeasure("字错误率", "character error rate", "character"),
        "wer": RateMeasure("词错误率（汉字各算一词）", "word error rate, each Chinese character a word", "word"),
        "syllable_error": RateMeasure("带调音节错误率", "syllable error rate, with tones", "syllable"),
        "base_syllable_error": RateMeasure("不计声调的音节错误率", "syllable error rate without tones", "base_syllable"),
        "sentence_error": RateMeasure("有错的句子", "sentences with an error", ""),
    }
)
"""Every rate by its name in JSON, in the order in which they are shown. Lower is better."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors of ``n`` utterances in one of `RATES`, with the ends of the 95 % interval of their rate (NaN for one utterance)."""

    measure: str
    errors: Errors
    low: float
    high: float
    n: int

    @property
    def value(self) -> float:
        """Errors per unit of the references."""
        return self.errors.rate

    @property
    def text(self) -> str:
        """Per cent and interval."""
        interval = "" if np.isnan(self.low) else f" [{100 * self.low:.2f}, {100 * self.high:.2f}]"
        return f"{100 * self.value:.2f}{interval}"


@dataclass(frozen=True, slots=True)
class Group:
    """Utterances that have something in common, and their rate of characters."""

    name: str
    audio_s: float
    rate: Rate


@dataclass(frozen=True, slots=True)
class Speed:
    """How long hearing takes: ``rtf`` of all together, and of single utterances the median and what 95 % stay below."""

    audio_s: float
    work_s: float
    rtf: float
    rtf_median: float
    rtf_p95: float
    latency_ms_median: float
    latency_ms_p95: float


@dataclass(slots=True)
class Hearing:
    """Everything that was measured of a recogniser.

    ``listened`` are the clips as they are, ``noisy`` those with noise by its ratio in dB. ``groups`` are by ``speaker``,
    ``length`` and ``snr``. ``calibration`` is of ``unit`` and ``utterance``; None where the recogniser says nothing of it.
    ``words`` is there where the corpus says a few texts again and again. ``notes`` are sentences on what to know.
    """

    recogniser: str
    version: str
    subject: str
    form: str
    beam: int
    listened: list[Listened]
    noisy: dict[float, list[Listened]]
    left_out: list[LeftOut]
    rates: list[Rate] = field(default_factory=list)
    groups: dict[str, list[Group]] = field(default_factory=dict)
    noise_rates: dict[float, Rate] = field(default_factory=dict)
    calibration: dict[str, Calibration | None] = field(default_factory=dict)
    words: Classification | None = None
    notes: list[str] = field(default_factory=list)

    def rate(self, measure: str = "cer") -> Rate:
        """Return one of `RATES`; KeyError where it was not measured."""
        return {rate.measure: rate for rate in self.rates}[measure]

    @property
    def speed(self) -> Speed:
        """How long hearing takes."""
        audio_s, work_s = (sum(getattr(one, name) for one in self.listened) for name in ("audio_s", "work_s"))
        rtfs, times = [one.rtf for one in self.listened], [1000 * one.work_s for one in self.listened]
        both = (float(value) for values in (rtfs, times) for value in np.percentile(values, [50, 95]))
        return Speed(audio_s, work_s, work_s / audio_s, *both)

    def worst(self, count: int) -> list[Listened]:
        """Return the utterances with the most errors, the very worst first."""
        wrong = [one for one in self.listened if not one.right]
        return sorted(wrong, key=lambda one: (-one.errors().count, -one.errors().rate))[:count]


def evaluate_recogniser(
    recogniser: Hears,
    rows: Sequence[Utterance],
    subject: str,
    *,
    name: str,
    version: str = "",
    form: str = "plain",
    beam: int = 10,
    noise_db: Sequence[float] = (),
    progress: Callable[[float], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Hearing:
    """Let a recogniser hear a corpus, and compare with the texts.

    Parameters
    ----------
    recogniser : Hears
        Who hears.
    rows : sequence of Utterance
        With texts.
    subject : str
        What they are, for the report.
    name, version : str
        Of the recogniser, for the report.
    form, beam, noise_db, clock
        As for `tingshuo.tasks.evaluate.listening.listen`.
    progress : callable or None
        Told the share of the work that is done.

    Raises
    ------
    RequestError
        No such form.
    DataError
        No row can be evaluated; the message has the first reason.
    EngineError
        The recogniser cannot be run.
    """
    if form not in FORMS:
        raise RequestError(f"unknown form {form!r}; accepted: {', '.join(FORMS)}", "form")
    noise_db = tuple(dict.fromkeys(noise_db))
    clean: list[Listened] = []
    noisy: dict[float, list[Listened]] = {noise: [] for noise in noise_db}
    left_out: list[LeftOut] = []
    for n, found in enumerate(listen(recogniser, rows, form=form, beam=beam, noise_db=noise_db, clock=clock)):
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            clean.append(found[0])
            for one in found[1:]:
                noisy[one.noise_db or 0.0].append(one)
        if progress:
            progress((n + 1) / len(rows))
    if not clean:
        raise DataError(f"{subject}: no row can be evaluated: {left_out[0].why if left_out else 'there is none'}")
    order = {row.id: k for k, row in enumerate(rows)}
    clean.sort(key=lambda one: order[one.id])
    return _conclude(Hearing(name, version, subject, form, beam, clean, noisy, left_out))


def rate_of(utterances: Sequence[Listened], measure: str = "cer") -> Rate | None:
    """Return one of `RATES` of utterances; None where none of them is cut into its units."""
    errors = [errors_of(one, measure) for one in utterances]
    known = [(one, found) for one, found in zip(utterances, errors, strict=True) if found.reference]
    if not known:
        return None
    counts, units = ([getattr(found, name) for _, found in known] for name in ("count", "reference"))
    interval = rate_interval(counts, units, [one.speaker for one, _ in known])
    return Rate(measure, sum((found for _, found in known), Errors()), *interval, len(known))


def errors_of(one: Listened, measure: str) -> Errors:
    """Return the errors of an utterance in one of `RATES`; of sentences it is one, right or wrong."""
    unit = RATES[measure].unit
    return one.errors(unit) if unit else Errors(hits=one.right, substitutions=not one.right)


def _conclude(hearing: Hearing) -> Hearing:
    clean = hearing.listened
    hearing.rates = [rate for measure in RATES if (rate := rate_of(clean, measure))]
    hearing.noise_rates = {noise: rate for noise, found in hearing.noisy.items() if (rate := rate_of(found))}
    speakers = list(dict.fromkeys(one.speaker for one in clean))
    hearing.groups = {
        "speaker": _groups(clean, [one.speaker for one in clean], sorted(speakers)),
        "length": _classes(clean, [one.audio_s for one in clean], LENGTHS_S, "s"),
        "snr": _classes(clean, [one.snr_db for one in clean], SNRS_DB, "dB"),
    }
    answers = [answer for one in clean for answer in rights(one, hearing.form)]
    hearing.calibration = {
        "unit": calibrate([sure for sure, _ in answers], [right for _, right in answers]),
        "utterance": calibrate([one.confidence for one in clean], [one.right for one in clean]),
    }
    hearing.words = of_texts(clean, hearing.form)
    hearing.notes = list(_notes(hearing, len(speakers)))
    return hearing


def _groups(utterances: Sequence[Listened], names: Sequence[str], order: Iterable[str]) -> list[Group]:
    found = []
    for name in order:
        own = [one for one, its in zip(utterances, names, strict=True) if its == name]
        rate = rate_of(own) if own else None
        if rate is not None:
            found.append(Group(name, sum(one.audio_s for one in own), rate))
    return found


def _classes(utterances: Sequence[Listened], values: Sequence[float], edges: Sequence[int], unit: str) -> list[Group]:
    """Groups by where a value lies between edges."""
    names = [f"< {edges[0]} {unit}"]
    names += [f"{low}-{high} {unit}" for low, high in pairwise(edges)]
    names.append(f"≥ {edges[-1]} {unit}")
    places = np.searchsorted(edges, values, side="right")
    return _groups(utterances, [names[place] for place in places], names)


def _notes(hearing: Hearing, speakers: int) -> Iterable[str]:
    """What has to be known beside the figures."""
    unreadable = sum(one.unreadable for one in hearing.left_out)
    rest = len(hearing.left_out) - unreadable
    for count, what in ((unreadable, "whose recording cannot be read"), (rest, "whose text cannot be compared")):
        if count:
            first = next(one for one in hearing.left_out if one.unreadable == (what == "whose recording cannot be read"))
            yield f"{count} rows {what} are left out; the first, {first.id}: {first.why}."
    silent = sum(not one.heard.strip() for one in hearing.listened)
    if silent:
        yield f"Of {silent} of {len(hearing.listened)} clips nothing was heard: all of their text counts as deletions."
    if 1 < speakers < FEW_SPEAKERS:
        yield f"There are {speakers} speakers only: the intervals say little of how other people would be heard."
    if speakers == 1:
        yield "There is one speaker: figures and intervals are of this person, not of people."
    untold = sum(bool(one.units) and not rights(one, hearing.form) for one in hearing.listened)
    if untold:
        yield (
            f"Confidence of units leaves out {untold} utterances, whose units do not spell what is compared "
            f"(form {hearing.form}, or units that are bytes)."
        )
