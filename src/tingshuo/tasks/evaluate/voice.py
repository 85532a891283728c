"""Evaluate a voice: on held-out rows of a corpus, beside the recordings, or on texts alone.

Kinds of sound are judged side by side: the recordings; copy-synthesis, the recordings' own mels and F0 through the vocoder, which
shows what the vocoder costs; mels predicted with the recordings' timing and F0 (`tingshuo.tasks.evaluate.forced`), which shows
what the acoustic model costs; and the same text spoken by the voice, which shows all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tingshuo.audio.mel import QUIET
from tingshuo.config import FamilyConfig, MelConfig, VoiceConfig
from tingshuo.data.clips import read_clips
from tingshuo.data.speech import words_of
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, TextError
from tingshuo.tasks.evaluate.compare import compare_along, compare_in_step, hear, place_in_recording, syllable_error_ms
from tingshuo.tasks.evaluate.conclude import conclude
from tingshuo.tasks.evaluate.ear import understood
from tingshuo.tasks.evaluate.forced import Timing, Timings, compare_forced, predict
from tingshuo.tasks.evaluate.result import Evaluation, Result, Sound
from tingshuo.tasks.evaluate.syllables import check_syllables, tone_shapes
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.tts import Speech, Voice
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.types import Wav

Progress = Callable[[float], None]
"""Told the share of the work that is done."""
ROWS_SHARE = 0.75
"""Share of the work that goes row by row."""


def evaluate_texts(
    voice: Voice,
    texts: Sequence[str],
    subject: str,
    *,
    speaker: str | None = None,
    style: str | None = None,
    ear: Hears | None = None,
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
    ear : Hears or None
        Who listens to what is said; see `tingshuo.tasks.evaluate.ear`.
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
        result, _ = _speak(voice, str(n + 1), text, "", speaker, style)
        results.append(result if ear is None else understood(ear, result, voice.sample_rate))
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
    timings: Timings | None = None,
    ear: Hears | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Speak the texts of recordings and compare.

    Parameters
    ----------
    voice, subject, style, ear, progress
        As for `evaluate_texts`.
    rows : sequence of Utterance
        Those without a text are left out.
    speaker : str or None
        Who of the voice speaks. None is the person of each recording where the voice has a speaker of that name, and its first
        speaker where it has not.
    timings : mapping or None
        When the phones of the recordings are spoken; rows that have none are not predicted with their timing.

    Raises
    ------
    DataError
        No row has a text that can be spoken and a recording that can be read; the message has the first reason.
    """
    results, notes = [], []
    timings = timings or {}
    order = {row.id: k for k, row in enumerate(rows)}
    for n, (row, clip) in enumerate(read_clips(rows, voice.sample_rate)):
        try:
            if isinstance(clip, DataError):
                raise clip
            if not (row.text or "").strip():
                raise DataError("the row has no text")
            spoken_by = speaker or (row.speaker if row.speaker in voice.speakers else voice.speakers[0])
            result = _compare(voice, row, clip, spoken_by, style)
            if row.id in timings and spoken_by == row.speaker:
                result = _force(voice, row, result, timings[row.id], style)
            results.append(result if ear is None else understood(ear, result, voice.sample_rate))
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
    sound = Sound(speech.wav, hear(speech.wav, listening_mel(voice.settings)))
    return Result(name, text, speaker, spoken_by, measures, sound, {"speech": checks}, warnings=speech.warnings), speech


def _compare(voice: Voice, row: Utterance, clip: Wav, spoken_by: str, style: str | None) -> Result:
    mel, band = listening_mel(voice.settings), row.bandwidth_hz
    frames = len(clip) // mel.hop_length
    if frames < 2:
        raise DataError(f"the recording has {len(clip)} samples, less than two frames")
    result, speech = _speak(voice, row.id, row.text or "", row.speaker, spoken_by, style)
    recording = Sound(clip, hear(clip, mel))
    copy = _copy(voice, recording) if isinstance(voice.settings, VoiceConfig) else None
    along, path = compare_along(recording.heard, result.speech.heard, mel, band)
    placed = place_in_recording(speech.sentences, path, mel.hop_length / mel.sample_rate)
    along["syllable_error_ms"] = syllable_error_ms(speech.sentences, placed)
    along["reading_error_pct"] = _reading_error_pct(row, speech)
    said = replace(speech, wav=clip, sentences=placed)
    return replace(
        result,
        measures=({"copy": compare_in_step(recording.heard, copy.heard, mel, band)} if copy else {})
        | {"speech": result.measures["speech"] | along},
        recording=recording,
        copy=copy,
        path=path,
        syllables=result.syllables | {"recording": check_syllables(said)},
    )


def _copy(voice: Voice, recording: Sound) -> Sound:
    """The recording's own mel and F0 through the vocoder, of a voice whose vocoder reads the mel that is heard."""
    audible = np.maximum(recording.heard.mel, np.float32(QUIET))
    wav = np.clip(copy_synthesis(voice.graphs["vocoder"], voice.config, audible, recording.heard.f0), -1, 1)
    return Sound(wav, hear(wav, voice.config.mel))


def listening_mel(settings: FamilyConfig) -> MelConfig:
    """Return the mel that sound of a voice is compared by: its own, or of another family the same one at the voice's rate."""
    if isinstance(settings, VoiceConfig):
        return settings.mel
    rate, ours = settings.sample_rate, MelConfig()
    hop = round(ours.hop_length * rate / ours.sample_rate)
    return ours.replace(sample_rate=rate, hop_length=hop, fmax=min(ours.fmax, rate / 2))


def _force(voice: Voice, row: Utterance, result: Result, timing: Timing, style: str | None) -> Result:
    """Add what is predicted with the recording's timing, in the style that the row would teach."""
    recording = result.recording
    assert recording is not None
    own = style or next((name for name in (row.style, row.speaker) if name in voice.styles), None)
    timbre = voice.timbre(own, result.spoken_by)
    forced = predict(voice.graphs, voice.config, timing, recording.heard.f0, timbre)
    measures = compare_forced(recording.heard, forced, voice.config, row.bandwidth_hz)
    f0 = recording.heard.f0[: forced.mel.shape[1]]
    wav = np.clip(copy_synthesis(voice.graphs["vocoder"], voice.config, forced.mel, f0), -1, 1)
    sound = Sound(wav, replace(hear(wav, voice.config.mel), f0=forced.f0))
    return replace(result, measures=result.measures | {"forced": measures}, forced=sound)


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
    speakers = tuple(dict.fromkeys(result.spoken_by for result in results))
    evaluation = Evaluation(
        voice.manifest.name, str(voice.manifest.version), voice.precision, style or voice.styles[0], speakers, subject,
        voice.sample_rate, listening_mel(voice.settings).hop_length, results, notes=notes,
    )  # fmt: skip
    judged = [0.0]

    def advance(share: float) -> None:
        judged[0] += share
        if progress:
            progress(ROWS_SHARE + (1 - ROWS_SHARE) * judged[0])

    conclude(evaluation, advance)
    return evaluation
