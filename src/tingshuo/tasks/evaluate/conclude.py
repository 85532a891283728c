"""What the rows of an evaluation say together, and what is judged on stretches of several rows."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.dnsmos import Dnsmos
from tingshuo.errors import EngineNotInstalledError
from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, Figure, summarise
from tingshuo.tasks.evaluate.opinions import opinions, timbres
from tingshuo.tasks.evaluate.result import Evaluation, Result
from tingshuo.tasks.evaluate.syllables import ToneShapes, tone_shapes
from tingshuo.types import Wav

MOST_ROWS = 0.9
"""Rows that have every kind of sound are judged alone when they are at least such a share; else only what all rows have is."""


def conclude(evaluation: Evaluation, advance: Callable[[float], None]) -> None:
    """Fill in figures, tones and notes from the results.

    Parameters
    ----------
    evaluation : Evaluation
        With its results.
    advance : callable
        Told the share of the work that was done since the last call.
    """
    results = evaluation.results
    kinds, judged = _judged(results)
    evaluation.tones = {
        kind: tone_shapes(check for result in results for check in result.syllables[kind])
        for kind in kinds
        if kind in results[0].syllables
    }
    evaluation.figures = [*_row_figures(results), *_tone_figures(evaluation.tones)]
    try:
        evaluation.figures += opinions(Dnsmos(), _sounds(judged, kinds), evaluation.sample_rate, advance)
    except EngineNotInstalledError as error:
        evaluation.notes.append(f"DNSMOS not measured: {error}.")
    if "recording" in kinds:
        evaluation.figures += _timbre_figures(judged, kinds, evaluation)
        _note_foreign_speakers(evaluation)
    order = list(MEASURES)
    evaluation.figures.sort(key=lambda figure: order.index(figure.measure))


def _judged(results: Sequence[Result]) -> tuple[list[str], Sequence[Result]]:
    """Kinds of sound, and the rows that have all of them."""
    seen = {kind for result in results for kind in result.sounds()}
    whole = [result for result in results if seen <= result.sounds().keys()]
    if len(whole) < MOST_ROWS * len(results):
        whole = list(results)
    return [kind for kind in KINDS if all(kind in result.sounds() for result in whole)], whole


def _sounds(results: Sequence[Result], kinds: Sequence[str]) -> dict[str, list[Wav]]:
    return {kind: [result.sounds()[kind].wav for result in results] for kind in kinds}


def _row_figures(results: Sequence[Result]) -> list[Figure]:
    found: dict[tuple[str, str], list[float]] = {}
    for result in results:
        for kind, measures in result.measures.items():
            for measure, value in measures.items():
                found.setdefault((measure, kind), []).append(value)
    figures = [summarise(measure, kind, values) for (measure, kind), values in found.items()]
    return [figure for figure in figures if figure is not None]


def _tone_figures(tones: dict[str, dict[int, ToneShapes]]) -> list[Figure]:
    figures: list[Figure | None] = []
    for kind, by_tone in tones.items():
        for tone, shapes in by_tone.items():
            values: dict[str, NDArray[np.float64]] = {f"tone{tone}_change_semitones": shapes.slopes}
            if tone != 1:  # a level tone has no shape to correlate with
                values[f"tone{tone}_correlation"] = shapes.correlations
            figures += [summarise(measure, kind, found) for measure, found in values.items()]
    return [figure for figure in figures if figure is not None]


def _timbre_figures(results: Sequence[Result], kinds: Sequence[str], evaluation: Evaluation) -> list[Figure]:
    if len({result.speaker for result in results}) > 1:
        count = len({result.speaker for result in results})
        evaluation.notes.append(f"Timbre not measured: the rows are of {count} speakers; choose one with --speaker.")
        return []
    sounds = _sounds(results, kinds)
    figures = timbres(sounds["recording"], sounds, evaluation.sample_rate)
    if not figures:
        evaluation.notes.append("Timbre not measured: it takes 40 s of recordings; evaluate more rows.")
    return figures


def _note_foreign_speakers(evaluation: Evaluation) -> None:
    foreign = [result for result in evaluation.results if result.speaker != result.spoken_by]
    if foreign:
        people, voices = (sorted({getattr(r, who) for r in foreign}) for who in ("speaker", "spoken_by"))
        evaluation.notes.append(
            f"The rows are of {', '.join(people[:5])}{' ...' if len(people) > 5 else ''} and the voice is {', '.join(voices)}: "
            "distances of spectra and of pitch then measure two people, not the quality of the voice."
        )
