"""A voice with its own vocoder and with the light one, side by side in one run: cost, size, speed, and how far the sound is.

Both have the same acoustic model and speak the same sentences with the same seeds, so samples lie side by side. None of the
sentences has taught. Two renderings whose noise differs are apart too, and so is a light vocoder that is as good as its teacher.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FrameConfig, MelConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import EngineNotInstalledError
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.choice import machine_kind
from tingshuo.tasks.evaluate.opinions import OPINION_S
from tingshuo.tasks.evaluate.sentences import SENTENCES
from tingshuo.tasks.performance import Model
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.train.light_publish import Student, vocoder_bytes
from tingshuo.train.light_teacher import GRAPH, TABLES, Settings, cost, drive, frames_of, log_mel_distance, teacher_cost
from tingshuo.train.shrink_measure import NO_RECOGNISER, Comparison, Row
from tingshuo.types import Sentence, SpeechRequest, Wav

REPEATS = 3
TIMED = 8
"""Sentences that are timed; all of them are listened to."""
BANDS = 80
OPINION = "dnsmos_ovrl"
MOST_OPINIONS = 4
"""Stretches that are judged: each takes seconds."""
NO_OPINION = "DNSMOS: not measured, it needs the extra `evaluate` (pip install tingshuo[evaluate])."


class Timed:
    """A graph that adds up the seconds of its runs."""

    def __init__(self, session: Session) -> None:
        self.session, self.spec, self.seconds = session, session.spec, 0.0

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the graph."""
        begun = time.perf_counter()
        try:
            return self.session.run(inputs)
        finally:
            self.seconds += time.perf_counter() - begun


class Side:
    """A voice with one of the vocoders."""

    def __init__(self, bundle: Bundle, settings: Settings, graphs: Mapping[str, Session], vocoder: Session) -> None:
        self.vocoder = Timed(vocoder)
        self.model: Model = drive(bundle.manifest.name, settings, {**graphs, GRAPH: self.vocoder}, bundle.tensors(TABLES))

    def say(self, sentence: Sentence, seed: int) -> Wav:
        """Speak a sentence."""
        request = SpeechRequest(text=sentence.source, seed=seed)
        parts = self.model.prepare(request).perform(sentence, 0, Stopwatch()).samples()
        return np.concatenate(list(parts))


def measure(
    bundle: Bundle,
    settings: Settings,
    light: Settings,
    graphs: Mapping[str, Session],
    student: Student,
    texts: Sequence[str] = SENTENCES,
    repeats: int = REPEATS,
) -> Comparison:
    """Measure a voice with both vocoders.

    Parameters
    ----------
    bundle : Bundle
        The voice.
    settings, light : Settings
        Of the voice as it is and with the light vocoder.
    graphs : mapping
        Its open graphs, one thread.
    student : Student
        The light vocoder.
    texts : sequence of str
        Sentences that it has not learnt from.
    repeats : int
        Times that both speak them, in turns; the median counts.
    """
    sides = Side(bundle, settings, graphs, graphs[GRAPH]), Side(bundle, light, graphs, student.session)
    sentences = [one for text in texts for one in Frontend(english=sides[0].model.english).sentences(text)]
    spoken, vocoder_rtf, whole_rtf = _take_turns(sides, sentences, repeats, settings.sample_rate)
    rows = [*_costs(bundle, settings, student), *_speeds(vocoder_rtf, whole_rtf)]
    rows.append(Row("mel_nepers", "log-mel distance from the vocoder as it was", "nepers", None, _distance(spoken, settings), 3))
    notes = [NO_RECOGNISER]
    rows += heard(spoken, (settings.sample_rate, settings.sample_rate), "the vocoder as it was", notes)
    return Comparison(
        tuple(rows), f"{len(sentences)} sentences that were not learnt from; one thread, median of {repeats}", tuple(notes)
    )


def _costs(bundle: Bundle, settings: Settings, student: Student) -> list[Row]:
    old, new = teacher_cost(bundle, settings), cost(student.graph, frames_of(settings))
    mine = sum(tensor.nbytes for tensor in student.tensors.values()) / 1e6
    theirs, files = vocoder_bytes(bundle) / 1e6, sum(entry.size for entry in bundle.manifest.files.values()) / 1e6
    return [
        Row("vocoder_parameters", "parameters, vocoder", "M", old.parameters / 1e6, new.parameters / 1e6, 2),
        Row(
            "vocoder_gmacs_per_s",
            "multiplications per second of speech, vocoder",
            "G",
            old.macs_per_s / 1e9,
            new.macs_per_s / 1e9,
            3,
        ),
        Row("vocoder_mb", "files of the vocoder", "MB", theirs, mine, 1),
        Row("file_mb", "bundle's files", "MB", files, files - theirs + mine, 1),
    ]


def _take_turns(
    sides: Sequence[Side], sentences: Sequence[Sentence], repeats: int, sample_rate: int
) -> tuple[list[list[Wav]], list[float], list[float]]:
    """Let both speak; returns the samples of each sentence, and the real-time factors of vocoder and voice, a side each."""
    spoken: list[list[Wav]] = [[], []]
    vocoder: list[list[float]] = [[], []]
    whole: list[list[float]] = [[], []]
    for turn in range(repeats + 1):
        for number, side in enumerate(sides):
            side.vocoder.seconds, begun = 0.0, time.perf_counter()
            made = [side.say(sentence, n) for n, sentence in enumerate(sentences[:TIMED] if turn else sentences)]
            took, seconds = time.perf_counter() - begun, sum(map(len, made)) / sample_rate
            if turn:
                vocoder[number].append(side.vocoder.seconds / seconds)
                whole[number].append(took / seconds)
            else:  # the first round warms up, and is what is listened to
                spoken[number] = made
    return spoken, [statistics.median(runs) for runs in vocoder], [statistics.median(runs) for runs in whole]


def _speeds(vocoder: Sequence[float], whole: Sequence[float]) -> list[Row]:
    return [
        Row("vocoder_rtf", "RTF, vocoder", "", vocoder[0], vocoder[1], 5),
        Row("rtf", "RTF, words to wave", "", whole[0], whole[1], 5),
    ]


def _distance(spoken: Sequence[Sequence[Wav]], settings: Settings) -> float:
    mel = heard_mel(frames_of(settings))
    found = [log_mel_distance(light, own, mel) for own, light in zip(*spoken, strict=True)]
    frames = np.concatenate([np.zeros(0), *found])
    return float(frames.mean()) if len(frames) else float("nan")


def heard_mel(frames: FrameConfig) -> MelConfig:
    """Return the mel that distances are of."""
    return MelConfig(sample_rate=frames.sample_rate, hop_length=frames.hop_length, n_mels=BANDS, fmax=frames.sample_rate / 2)


def heard(spoken: Sequence[Sequence[Wav]], sample_rates: tuple[int, int], reference: str, notes: list[str]) -> list[Row]:
    """Measure timbre and predicted opinions of all sentences together, where the networks that judge are installed.

    Parameters
    ----------
    spoken : pair of sequences of Wav
        What was heard before, and what is heard now.
    sample_rates : tuple of int
        Of the two, Hz.
    reference : str
        What the first of them is called in the table.
    notes : list of str
        Gets a sentence on what was not measured.
    """
    from tingshuo.audio.dnsmos import Dnsmos
    from tingshuo.audio.speaker import similarity, speaker_vector

    sides = [(np.concatenate(wavs), rate) for wavs, rate in zip(spoken, sample_rates, strict=True)]
    vectors = [speaker_vector(wav, rate) for wav, rate in sides]
    rows = [Row("speaker_similarity", f"speaker similarity to {reference}, cosine", "", None, similarity(*vectors), 3)]
    if find_spec("speechmos") is None:
        notes.append(NO_OPINION)
        return rows
    try:
        judge = Dnsmos()
    except EngineNotInstalledError:
        notes.append(NO_OPINION)
        return rows
    found = []
    for wav, rate in sides:
        piece = round(OPINION_S * rate)
        starts = range(0, max(1, min(len(wav) - piece + 1, MOST_OPINIONS * piece)), piece)
        found.append(float(np.mean([judge.judge(wav[a : a + piece], rate).ovrl for a in starts])))
    rows.append(Row(OPINION, "DNSMOS, overall", "", found[0], found[1], 2))
    return rows


def figures(comparison: Comparison) -> list[dict[str, Any]]:
    """Return what a manifest says was measured of the voice with the light vocoder."""
    found = {row.key: row.after for row in comparison.rows if np.isfinite(row.after)}
    return [{"engine": "onnx", "precision": "fp32", "machine": machine_kind(), "threads": 1, "figures": found}]


def as_table(comparison: Comparison) -> str:
    """Return a comparison as a table in Markdown."""
    rows = ""
    for row in comparison.rows:
        before = "" if row.before is None else f"{row.before:.{row.digits}f}"
        rows += f"| {row.label} | {before} | {row.after:.{row.digits}f} {row.unit} |\n"
    return f"{comparison.subject}.\n\n| | before | after |\n|---|---|---|\n{rows}"
