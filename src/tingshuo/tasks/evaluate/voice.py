"""Evaluate a voice: on held-out rows of a corpus, beside the recordings, or on texts alone.

Three kinds of sound are judged side by side: the recordings; copy-synthesis, the recordings' own mels and F0 through the vocoder,
which shows what the vocoder costs; and the same text spoken by the voice, which shows all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.align import Path
from tingshuo.audio.dnsmos import Dnsmos
from tingshuo.data.clips import read_clips
from tingshuo.data.speech import words_of
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, EngineNotInstalledError, TextError
from tingshuo.tasks.evaluate.compare import Heard, compare_along, compare_in_step, hear, place_in_recording, syllable_error_ms
from tingshuo.tasks.evaluate.figures import MEASURES, Figure, summarise
from tingshuo.tasks.evaluate.opinions import opinions, timbres
from tingshuo.tasks.evaluate.syllables import SyllableCheck, ToneShapes, check_syllables, tone_shapes
from tingshuo.tasks.tts import Speech, Voice
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.types import Wav

Progress = Callable[[float], None]
"""Told the share of the work that is done."""
ROWS_SHARE = 0.75
"""Share of the work that goes row by row."""
FULL_SCALE = 0.999


@dataclass(frozen=True, slots=True)
class Sound:
    """A signal (T,) and what was measured of it."""

    wav: Wav
    heard: Heard


@dataclass(frozen=True, slots=True)
class Result:
    """One row or text.

    ``speaker`` is whose recording it is (empty without one), ``spoken_by`` the speaker of the voice who spoke it. ``measures``
    are kind -> measure -> value. ``recording``, ``copy`` and ``path`` (frames of the recording with frames of the
    speech) are None without a recording.
    """

    id: str
    text: str
    speaker: str
    spoken_by: str
    measures: dict[str, dict[str, float]]
    speech: Sound
    syllables: dict[str, list[SyllableCheck]]
    recording: Sound | None = None
    copy: Sound | None = None
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def badness(self) -> float:
        """What rows are sorted by: distance from the recording; without one, syllables that do not sound, then unlikely tones."""
        own = self.measures["speech"]
        if "mcd_db" in own:
            return own["mcd_db"]
        return float(np.nansum([own["inaudible_pct"], 1 - own["tones_correlation"]]))

    def sounds(self) -> dict[str, Sound]:
        """What there is to hear, by kind."""
        found = {"recording": self.recording, "copy": self.copy, "speech": self.speech}
        return {kind: sound for kind, sound in found.items() if sound is not None}


@dataclass(slots=True)
class Evaluation:
    """Everything that was measured of a voice.

    ``speakers`` are those of the voice who spoke, ``subject`` says what it was measured on, ``tones`` are kind -> tone ->
    contours, ``notes`` sentences on what could not be measured or was left out.
    """

    voice: str
    version: str
    precision: str
    style: str
    speakers: tuple[str, ...]
    subject: str
    sample_rate: int
    hop_length: int
    results: list[Result]
    figures: list[Figure] = field(default_factory=list)
    tones: dict[str, dict[int, ToneShapes]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def worst(self, count: int) -> list[Result]:
        """Return the worst results, the very worst first."""
        return sorted(self.results, key=lambda result: result.badness, reverse=True)[:count]


def evaluate_texts(
    voice: Voice,
    texts: Sequence[str],
    subject: str,
    *,
    speaker: str | None = None,
    style: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Speak texts and measure what can be measured without recordings.

    Parameters
    ----------
    voice : Voice
        The voice.
    texts : sequence of str
        At least one.
    subject : str
        What they are, for the report.
    speaker : str or None
        Who of the voice speaks; None is its first speaker.
    style : str or None
        Whose rhythm and melody; None is the voice's default.
    progress : callable or None
        Told of the steps.

    Raises
    ------
    TextError
        A text cannot be spoken.
    UnknownVoiceError
        The voice has no such speaker or style.
    """
    speaker = speaker or voice.speakers[0]
    results = []
    for n, text in enumerate(texts):
        results.append(_speak(voice, str(n + 1), text, "", speaker, style)[0])
        if progress:
            progress(ROWS_SHARE * (n + 1) / len(texts))
    return _conclude(voice, results, subject, style, [], progress)


def evaluate_rows(
    voice: Voice,
    rows: Sequence[Utterance],
    subject: str,
    *,
    speaker: str | None = None,
    style: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Speak the texts of recordings and compare.

    Parameters
    ----------
    voice, subject, style, progress
        As for `evaluate_texts`.
    rows : sequence of Utterance
        Those without a text are left out.
    speaker : str or None
        Who of the voice speaks. None is the person of each recording where the voice has a speaker of that name, and its first
        speaker where it has not.

    Raises
    ------
    DataError
        No row has a text that can be spoken and a recording that can be read; the message has the first reason.
    """
    results, notes = [], []
    order = {row.id: k for k, row in enumerate(rows)}
    for n, (row, clip) in enumerate(read_clips(rows, voice.sample_rate)):
        try:
            if isinstance(clip, DataError):
                raise clip
            if not (row.text or "").strip():
                raise DataError("the row has no text")
            spoken_by = speaker or (row.speaker if row.speaker in voice.speakers else voice.speakers[0])
            results.append(_compare(voice, row, clip, spoken_by, style))
        except (DataError, TextError) as error:
            notes.append(f"{row.id} is left out: {error}.")
        if progress:
            progress(ROWS_SHARE * (n + 1) / len(rows))
    if not results:
        raise DataError(f"{subject}: no row can be evaluated: {notes[0] if notes else 'there is none'}")
    results.sort(key=lambda result: order[result.id])
    return _conclude(voice, results, subject, style, notes, progress)


def _speak(voice: Voice, name: str, text: str, speaker: str, spoken_by: str, style: str | None) -> tuple[Result, Speech]:
    speech = voice.synthesize(text, speaker=spoken_by, style=style)
    checks = check_syllables(speech)
    silent = 100 * float(np.mean([not check.audible for check in checks])) if checks else float("nan")
    shapes = [value for shapes in tone_shapes(checks).values() for value in shapes.correlations if np.isfinite(value)]
    tones = float(np.mean(shapes)) if shapes else float("nan")
    measures = {"speech": {"inaudible_pct": silent, "tones_correlation": tones, "rtf": speech.stages.rtf}}
    sound = Sound(speech.wav, hear(speech.wav, voice.config.mel))
    return Result(name, text, speaker, spoken_by, measures, sound, {"speech": checks}, warnings=speech.warnings), speech


def _compare(voice: Voice, row: Utterance, clip: Wav, spoken_by: str, style: str | None) -> Result:
    mel, band = voice.config.mel, row.bandwidth_hz
    frames = len(clip) // mel.hop_length
    if frames < 2:
        raise DataError(f"the recording has {len(clip)} samples, less than two frames")
    result, speech = _speak(voice, row.id, row.text or "", row.speaker, spoken_by, style)
    recording = Sound(clip, hear(clip, mel))
    copied = np.clip(copy_synthesis(voice.graphs["vocoder"], voice.config, recording.heard.mel, recording.heard.f0), -1, 1)
    copy = Sound(copied, hear(copied, mel))
    along, path = compare_along(recording.heard, result.speech.heard, mel, band)
    placed = place_in_recording(speech.sentences, path, mel.hop_length / mel.sample_rate)
    along["syllable_error_ms"] = syllable_error_ms(speech.sentences, placed)
    along["reading_error_pct"] = _reading_error_pct(row, speech)
    said = replace(speech, wav=clip, sentences=placed)
    return replace(
        result,
        measures={
            "copy": compare_in_step(recording.heard, copy.heard, mel, band),
            "speech": result.measures["speech"] | along,
        },
        recording=recording,
        copy=copy,
        path=path,
        syllables=result.syllables | {"recording": check_syllables(said)},
    )


def _reading_error_pct(row: Utterance, speech: Speech) -> float:
    """Share of syllables that the front-end reads otherwise than the corpus says; NaN where it does not say."""
    if not row.pinyin:
        return float("nan")
    written = [syllable.pinyin for word in words_of(row).words for syllable in word.syllables]
    spoken = " ".join(character.pinyin for word in speech.words for character in word.characters).split()
    if len(written) != len(spoken):
        return 100.0
    return 100 * float(np.mean([a != b for a, b in zip(written, spoken, strict=True)]))


def _conclude(
    voice: Voice,
    results: list[Result],
    subject: str,
    style: str | None,
    notes: list[str],
    progress: Progress | None,
) -> Evaluation:
    """Gather what the rows say together, and judge what is judged on longer stretches."""
    manifest = voice.manifest
    evaluation = Evaluation(
        manifest.name, str(manifest.version), voice.precision, style or voice.styles[0],
        tuple(dict.fromkeys(result.spoken_by for result in results)), subject, voice.sample_rate,
        voice.config.mel.hop_length, results, notes=notes,
    )  # fmt: skip
    kinds = list(results[0].sounds())
    evaluation.tones = {
        kind: tone_shapes(check for result in results for check in result.syllables[kind])
        for kind in kinds
        if kind in results[0].syllables
    }
    evaluation.figures = [*_row_figures(results), *_tone_figures(evaluation.tones)]
    judged = [0.0]

    def advance(share: float) -> None:
        judged[0] += share
        if progress:
            progress(ROWS_SHARE + (1 - ROWS_SHARE) * judged[0])

    sounds = {kind: [result.sounds()[kind].wav for result in results] for kind in kinds}
    try:
        evaluation.figures += opinions(Dnsmos(), sounds, voice.sample_rate, advance)
    except EngineNotInstalledError as error:
        evaluation.notes.append(f"DNSMOS not measured: {error}.")
    if "recording" in sounds:
        evaluation.figures += _timbre_figures(results, voice.sample_rate, evaluation.notes)
        _note_foreign_speakers(evaluation)
    order = list(MEASURES)
    evaluation.figures.sort(key=lambda figure: order.index(figure.measure))
    return evaluation


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


def _timbre_figures(results: Sequence[Result], sample_rate: int, notes: list[str]) -> list[Figure]:
    speakers = {result.speaker for result in results}
    if len(speakers) > 1:
        notes.append(f"Timbre not measured: the rows are of {len(speakers)} speakers; choose one with --speaker.")
        return []
    sounds = {kind: [result.sounds()[kind].wav for result in results] for kind in results[0].sounds()}
    figures = timbres(sounds["recording"], sounds, sample_rate)
    if not figures:
        notes.append("Timbre not measured: it takes 40 s of recordings; evaluate more rows.")
    return figures


def _note_foreign_speakers(evaluation: Evaluation) -> None:
    foreign = [result for result in evaluation.results if result.speaker != result.spoken_by]
    if foreign:
        people, voices = (sorted({getattr(r, who) for r in foreign}) for who in ("speaker", "spoken_by"))
        evaluation.notes.append(
            f"The rows are of {', '.join(people[:5])}{' ...' if len(people) > 5 else ''} and the voice is {', '.join(voices)}: "
            "distances of spectra and of pitch then measure two people, not the quality of the voice."
        )
