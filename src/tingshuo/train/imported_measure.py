"""What became of an imported voice that taught a student: size, speed, and how far the student is from it, in one run.

Spectra and pitch are compared frame by frame: the student is given the teacher's timing, symbol by symbol or as an aligner heard
it, and its decoder the F0 that was heard of the teacher. So nothing is warped, and each figure is of one graph's fault. None of
the sentences has taught. Where a teacher has a lower sample rate, its own band is compared alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.band import known_bands
from tingshuo.audio.mel import QUIET
from tingshuo.data.features import Clip, FeatureConfig
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.evaluate.compare import hear
from tingshuo.tasks.evaluate.forced import Timing, compare_forced, predict
from tingshuo.tasks.evaluate.sentences import SENTENCES
from tingshuo.tasks.tts import Voice
from tingshuo.tasks.voices import load
from tingshuo.train.aligner import Aligner
from tingshuo.train.distill_sizes import PARAMETERS, SPEED
from tingshuo.train.imported_corpus import Corpus, make_corpus
from tingshuo.train.imported_lessons import record, recorded
from tingshuo.train.imported_teacher import Teacher, count
from tingshuo.train.light_lessons import Plan, Task
from tingshuo.train.light_measure import heard
from tingshuo.train.shrink_measure import NO_RECOGNISER, Comparison, Row, pair, speeds

Array = NDArray[Any]
REPEATS = 3
TIMED = 8
"""Sentences that are timed; all of them are compared."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How far a sentence is, without the silence around it, which is the runtime's.

    ``mel`` (F,) is the error of each frame, ``measures`` are those of `tingshuo.tasks.evaluate.forced.compare_forced`,
    ``durations`` (P,) the errors of spoken phones in frames, ``length`` that of all of them together, as a share.
    """

    mel: Array
    measures: dict[str, float]
    durations: Array
    length: float


def compare_imported(
    teacher: Teacher, student: Path, aligner: Aligner | None, texts: Sequence[str] = SENTENCES, repeats: int = REPEATS
) -> Comparison:
    """Measure a teacher and its student side by side.

    Parameters
    ----------
    teacher : Teacher
        Its first speaker speaks, in its first style.
    student : Path
        The student's bundle.
    aligner : Aligner or None
        Of the built-in voice, for teachers that do not tell their durations.
    texts : sequence of str
        None that the student learnt from.
    repeats : int
        Times that each speaks for the real-time factor.
    """
    who = {"speaker": teacher.speakers[0].name, "style": teacher.styles[0].name}
    exact, used = load(student, precision="fp32"), [Voice(teacher.bundle), load(student)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        record(teacher, Plan(tuple(Task(text, seed=n, **who) for n, text in enumerate(texts))), folder, lambda *_: None)
        said = list(recorded(folder))
        corpus = make_corpus(said, teacher, FeatureConfig(mel=exact.config.mel), folder, aligner)
        rows = [*_sizes(teacher, student), *speeds(used, texts[:TIMED], repeats, who)]
        rows += _distances(exact, corpus, who)
    notes = [NO_RECOGNISER, _bounds(rows), _how(corpus, teacher, exact.sample_rate)]
    spoken = [one.wav for one in said], [exact.synthesize(text, **who).wav for text in texts]
    rows += heard(spoken, (teacher.bundle.settings.sample_rate, exact.sample_rate), "the teacher", notes)
    rows, silent = [row for row in rows if np.isfinite(row.after)], [row.label for row in rows if not np.isfinite(row.after)]
    if silent:
        notes.append(f"Nothing to compare was heard for: {', '.join(silent)}.")
    subject = f"{len(texts)} sentences that were not learnt from; RTF on {min(TIMED, len(texts))} of them, one thread, median of"
    return Comparison(tuple(rows), f"{subject} {repeats}", tuple(notes))


def _sizes(teacher: Teacher, student: Path) -> Iterator[Row]:
    bundles = teacher.bundle, open_bundle(student)
    parameters = [count(bundle) for bundle in bundles]
    files = [sum(entry.size for entry in bundle.manifest.files.values()) / 1e6 for bundle in bundles]
    acoustic = [one.acoustic for one in parameters]
    if acoustic[0] is not None and acoustic[1] is not None:
        yield pair("acoustic_parameters", "parameters, all but the vocoder", "M", (acoustic[0] / 1e6, acoustic[1] / 1e6), 3)
    yield pair("parameters", "parameters, in all", "M", (one.whole / 1e6 for one in parameters), 3)
    yield pair("file_mb", "bundle's files", "MB", files, 1)


def _distances(voice: Voice, corpus: Corpus, who: dict[str, str]) -> Iterator[Row]:
    """What the student predicts with the teacher's timing and F0."""
    found = [_apart(voice, corpus, example.clip, example.durations, who) for example in corpus.examples]
    measures = {name: np.array([one.measures[name] for one in found]) for name in found[0].measures}
    frame_ms = 1000 * voice.config.mel.hop_length / voice.config.mel.sample_rate
    cents, voicing = measures["f0_rmse_cents"], measures["voicing_error_pct"]
    yield Row("mel_l1_nepers", "mel distance", "nepers", None, float(np.concatenate([one.mel for one in found]).mean()), 4)
    yield Row("f0_rmse_cents", "F0 error, root mean square", "cents", None, float(np.sqrt(_mean(np.square(cents)))), 1)
    yield Row("voicing_changed_pct", "frames whose voicing differs", "%", None, _mean(voicing), 2)
    durations = np.concatenate([one.durations for one in found])
    yield Row("duration_error_ms", "duration error of a phone, mean", "ms", None, frame_ms * float(durations.mean()), 2)
    length = 100 * float(np.mean([one.length for one in found]))
    yield Row("length_error_pct", "length error of a sentence, mean", "%", None, length, 2)


def _mean(values: Array) -> float:
    """Return the mean of what there is to compare, NaN of nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _apart(voice: Voice, corpus: Corpus, clip: Clip, durations: NDArray[np.int64], who: dict[str, str]) -> Apart:
    mel = voice.config.mel
    wav, f0 = corpus.features.wav_of(clip), corpus.features.f0_of(clip)
    row = [one.name for one in voice.config.styles].index(who["style"])
    forced = predict(voice.graphs, voice.config, Timing(corpus.words[clip.id], durations), f0, voice.timbre(**who))
    bandwidth = clip.bandwidth_hz if clip.bandwidth_hz < mel.sample_rate / 2 else None
    recording, bins = hear(wav, mel), known_bands(mel, bandwidth)
    measures = compare_forced(recording, forced, voice.config, bandwidth)
    inner = slice(int(durations[0]), int(durations[:-1].sum()))
    true, predicted = (np.maximum(one[:bins, inner], QUIET) for one in (recording.mel, forced.mel))
    said = np.exp(forced.log_duration[forced.spoken].astype(np.float64)) / voice.config.styles[row].tempo
    wanted = durations[forced.spoken]
    return Apart(np.abs(true - predicted).mean(0), measures, np.abs(said - wanted), abs(float(said.sum() / wanted.sum()) - 1))


def _bounds(rows: Sequence[Row]) -> str:
    """Say whether the student keeps to what a student has to keep to."""
    by = {row.key: row for row in rows}
    share, faster = (by[key].after / (by[key].before or float("nan")) for key in ("parameters", "rtf"))
    told = f"The student has {share:.2f} of its teacher's parameters and is {1 / faster:.1f} times as fast"
    if share <= PARAMETERS and 1 / faster >= SPEED:
        return f"{told}."
    return f"{told}; at most {PARAMETERS:g} and at least {SPEED:g} were wanted: choose smaller sizes with --set."


def _how(corpus: Corpus, teacher: Teacher, sample_rate: int) -> str:
    """Say how the two were laid side by side, and up to where."""
    timing = "its own durations" if corpus.hidden else "the durations that an aligner heard"
    own = teacher.bundle.settings.sample_rate
    band = f", up to the {own / 2000:g} kHz that the teacher has" if own < sample_rate else ""
    return f"Distances: the student was given {timing} of the teacher and its F0, and compared frame by frame{band}."
