"""A recogniser hears the clips of a corpus, and what it heard is laid beside what was said."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tingshuo.data.clips import read_clips
from tingshuo.data.measures import measure_wav
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, TextError
from tingshuo.tasks.evaluate.masking import with_noise
from tingshuo.tasks.recognise.hearing import HeardText, HeardUnit, Hears, heard
from tingshuo.text.metrics import FORMS, UNITS, Errors, Pair, characters, count, pair_up
from tingshuo.text.runs import is_hanzi
from tingshuo.types import Wav

CHINESE_ONLY = ("syllable", "base_syllable")
"""Units that texts in Chinese alone are cut into."""
Pairs = dict[str, tuple[Pair, ...]]
"""What was said and heard side by side, by the units of `tingshuo.text.metrics.UNITS`."""


@dataclass(frozen=True, slots=True)
class Listened:
    """An utterance that was heard.

    ``text`` and ``heard`` are as written; ``pairs`` are of both as the form of the evaluation writes them. ``units`` are those of
    the recogniser. ``work_s`` is how long the hearing took. ``snr_db`` is estimated, of the clip as it was recorded;
    ``noise_db`` is the ratio at which noise was added, None for none.
    """

    id: str
    speaker: str
    text: str
    heard: str
    pairs: Pairs
    units: tuple[HeardUnit, ...]
    audio_s: float
    work_s: float
    snr_db: float
    noise_db: float | None = None

    def errors(self, unit: str = "character") -> Errors:
        """Return the errors in one of `UNITS`; none at all where the text is not cut into those."""
        return count(self.pairs.get(unit, ()))

    @property
    def right(self) -> bool:
        """Whether every character was heard, and nothing else."""
        return not self.errors().count

    @property
    def confidence(self) -> float:
        """How likely all of it is right, as the recogniser has it: the product of its units' confidences; NaN without units."""
        return float(np.prod([unit.confidence for unit in self.units])) if self.units else float("nan")

    @property
    def rtf(self) -> float:
        """Seconds of work per second of sound."""
        return self.work_s / self.audio_s


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An utterance that could not be evaluated, and why, a phrase; ``unreadable`` where its clip could not be read."""

    id: str
    why: str
    unreadable: bool = False


def listen(
    recogniser: Hears,
    rows: Sequence[Utterance],
    *,
    form: str = "plain",
    beam: int = 10,
    noise_db: Sequence[float] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[list[Listened] | LeftOut]:
    """Hear clips, each as it is, and once more at each ratio of noise.

    The first clip is heard one time more before the others, as opening and growing buffers is not what hearing costs.

    Parameters
    ----------
    recogniser : Hears
        Who hears; clips come at its sample rate.
    rows : sequence of Utterance
        With texts.
    form : str
        One of `tingshuo.text.metrics.FORMS`: how both texts are written before they are compared.
    beam : int
        How many texts the recogniser keeps on the way.
    noise_db : sequence of float
        Ratios of speech to added noise, dB.
    clock : callable
        Seconds.

    Yields
    ------
    list of Listened or LeftOut
        One a row, in the order of the files: the clip as it is, then with noise; or why it is left out.

    Raises
    ------
    EngineError
        The recogniser cannot be run.
    """
    warm = False
    for row, clip in read_clips(rows, recogniser.sample_rate):
        if isinstance(clip, DataError) or not len(clip):
            why = str(clip) if isinstance(clip, DataError) else f"nothing of it is left at {recogniser.sample_rate} Hz"
            yield LeftOut(row.id, why, unreadable=True)
            continue
        if not warm:
            recogniser.hear(clip, beam)
            warm = True
        try:
            yield [_hear(recogniser, row, clip, noise, form, beam, clock) for noise in (None, *noise_db)]
        except (DataError, TextError) as error:
            yield LeftOut(row.id, str(error))


def _hear(
    recogniser: Hears, row: Utterance, clip: Wav, noise_db: float | None, form: str, beam: int, clock: Callable[[], float]
) -> Listened:
    rate = recogniser.sample_rate
    measured = measure_wav(clip, rate)
    wav = clip if noise_db is None else with_noise(clip, rate, measured.level_db, noise_db, row.id)
    begun = clock()
    found = recogniser.hear(wav, beam)
    work_s = clock() - begun
    told = heard(recogniser, found[0]) if found else HeardText("", ())
    said = row.text or ""
    pairs = compared(said, told.text, form, chinese=row.lang.startswith("zh"))
    return Listened(
        row.id, row.speaker, said, told.text, pairs, told.units, len(clip) / rate, work_s, measured.snr_db, noise_db
    )  # fmt: skip


def compared(said: str, told: str, form: str, *, chinese: bool = True) -> Pairs:
    """Lay what was heard beside what was said.

    Parameters
    ----------
    said, told : str
        As written.
    form : str
        One of `tingshuo.text.metrics.FORMS`.
    chinese : bool
        Whether it is Chinese, as the corpus has it; without a single Chinese character there are no syllables either.

    Raises
    ------
    DataError
        The form leaves nothing of what was said, or the texts are too long.
    TextError
        A text cannot be read.
    """
    reference, written = _written(said, form), FORMS[form](told)
    if not characters(reference):
        raise DataError(f"its text {said!r} has no words to compare")
    chinese = chinese and any(is_hanzi(char) for char in reference)
    units = [unit for unit in UNITS if chinese or unit not in CHINESE_ONLY]
    return {unit: tuple(pair_up(list(_cut(reference, unit)), UNITS[unit](written))) for unit in units}


def rights(one: Listened, form: str) -> list[tuple[float, bool]]:
    """Return how sure the recogniser is of each of its units, and whether that is right.

    A unit is right when all of its characters are; those without any, such as marks, are left out. Nothing is returned where
    the units do not spell the text that was compared: where the form writes it anew (digits as words), and where units are bytes.

    Parameters
    ----------
    one : Listened
        What was heard.
    form : str
        That it was compared in.
    """
    answers = [(told, said == told) for said, told in one.pairs["character"] if told is not None]
    spelt = [(unit.confidence, characters(_written(unit.text, form))) for unit in one.units]
    if [char for _, unit in spelt for char in unit] != [char for char, _ in answers]:
        return []
    found, begin = [], 0
    for confidence, unit in spelt:
        if unit:
            found.append((confidence, all(same for _, same in answers[begin : begin + len(unit)])))
        begin += len(unit)
    return found


@lru_cache(4096)
def _written(text: str, form: str) -> str:
    return FORMS[form](text)


@lru_cache(4096)
def _cut(reference: str, unit: str) -> tuple[str, ...]:
    return tuple(UNITS[unit](reference))
