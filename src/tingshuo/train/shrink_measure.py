"""What became of a voice that was made smaller: size, speed, and how far it is from the voice it was made from.

All figures are of one run, both voices speaking in turns on one thread. Distances are those of the float32 graphs, on sentences
that neither learning nor pruning saw; the smaller voice is given the other's durations, and its decoder the other's F0, so that
frames lie side by side and each figure is of one graph's fault, with those of the encoder before it.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.models.layers.cost import count_parameters
from tingshuo.port.voice import ACOUSTIC_WEIGHTS, voice_graphs
from tingshuo.store.bundle import open_bundle
from tingshuo.store.sealing import readable
from tingshuo.tasks.evaluate.sentences import SENTENCES
from tingshuo.tasks.tts import Voice
from tingshuo.tasks.voices import load
from tingshuo.train.distill_sizes import macs_per_second
from tingshuo.train.lessons import Lessons, graph_inputs, record_lessons
from tingshuo.train.publish import read_nets

REPEATS = 5
CENTS = 1200 / math.log(2)
"""Of a difference of 1 in the natural logarithm of a frequency."""
NO_RECOGNISER = "Character error rate: not measured, there is no recogniser yet."
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A figure before and after; ``before`` is None for a distance to the voice as it was. ``digits`` are for tables."""

    key: str
    label: str
    unit: str
    before: float | None
    after: float
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` measured; ``subject`` says on what."""

    rows: tuple[Row, ...]
    subject: str
    notes: tuple[str, ...] = (NO_RECOGNISER,)

    def __getitem__(self, key: str) -> Row:
        """Look a row up."""
        return next(row for row in self.rows if row.key == key)

    def fields(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        figures = {row.key: {"before": row.before, "after": row.after, "unit": row.unit} for row in self.rows}
        return {"subject": self.subject, "figures": figures, "notes": list(self.notes)}


def compare(before: Path, after: Path, texts: Sequence[str] = SENTENCES, repeats: int = REPEATS) -> Comparison:
    """Measure two bundles side by side.

    Parameters
    ----------
    before, after : Path
        The voice as it was and the smaller one, with the same speakers and styles.
    texts : sequence of str
        Spoken by both; none that the smaller one learnt from.
    repeats : int
        Times that each speaks them for the real-time factor, of which the median is taken.
    """
    paths = before, after
    exact = [load(path, precision="fp32", threads=1) for path in paths]
    used = [load(path, threads=1) for path in paths]
    rows = (*_sizes(paths), *speeds(used, texts, repeats), *_distances(paths, exact, texts))
    precisions = " and ".join(dict.fromkeys(voice.precision for voice in used))
    return Comparison(
        rows, f"{len(texts)} sentences that were not learnt from; RTF in {precisions}, one thread, median of {repeats}"
    )


def _sizes(paths: Sequence[Path]) -> Iterator[Row]:
    bundles = [readable(open_bundle(path)) for path in paths]
    nets = [read_nets(bundle) for bundle in bundles]
    parameters = [[count_parameters(net) for net in (one.acoustic, one.vocoder)] for one in nets]
    files = [sum(entry.size for entry in bundle.manifest.files.values()) / 1e6 for bundle in bundles]
    macs = [[macs_per_second([graph]) for graph in voice_graphs(one).values()] for one in nets]
    yield pair("acoustic_parameters", "parameters, acoustic model", "M", (one[0] / 1e6 for one in parameters), 3)
    yield pair("vocoder_parameters", "parameters, vocoder", "M", (one[1] / 1e6 for one in parameters), 3)
    yield pair("file_mb", "bundle's files", "MB", files, 1)
    acoustic = (sum(counts[:-1]) / 1e6 for counts in macs)
    yield pair("acoustic_mmacs_per_s", "multiplications per second of speech, acoustic", "M", acoustic, 1)
    yield pair("vocoder_mmacs_per_s", "multiplications per second of speech, vocoder", "M", (m[-1] / 1e6 for m in macs), 1)


def pair(key: str, label: str, unit: str, values: Iterable[float], digits: int) -> Row:
    """Return a row with a value before and one after."""
    before, after = values
    return Row(key, label, unit, before, after, digits)


def speeds(
    voices: Sequence[Voice], texts: Sequence[str], repeats: int, controls: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[Row]:
    """Yield real-time factors; the voices take turns, so that what else the machine does meets both.

    Parameters
    ----------
    voices : pair of Voice
        Before and after.
    texts : sequence of str
        Spoken by both.
    repeats : int
        Times that are counted; the median is taken.
    controls : mapping
        Fields of a `tingshuo.types.SpeechRequest`: who speaks.
    """
    whole: list[list[float]] = [[], []]
    acoustic: list[list[float]] = [[], []]
    for turn in range(repeats + 1):
        for side, voice in enumerate(voices):
            spoken = [voice.synthesize(text, **controls) for text in texts]
            if turn == 0:
                continue  # the first round warms up
            seconds = sum(one.duration_s for one in spoken)
            whole[side].append(sum(one.stages.rtf * one.duration_s for one in spoken) / seconds)
            acoustic[side].append(sum(one.stages.acoustic_ms for one in spoken) / 1000 / seconds)
    yield pair("rtf", "RTF, text to wave", "", (statistics.median(runs) for runs in whole), 5)
    yield pair("acoustic_rtf", "RTF, acoustic model", "", (statistics.median(runs) for runs in acoustic), 5)


def _distances(paths: Sequence[Path], voices: Sequence[Voice], texts: Sequence[str]) -> Iterator[Row]:
    """What the smaller voice answers to what the other one was asked."""
    config = voices[0].config
    theirs, mine = (readable(open_bundle(path)).tensors(ACOUSTIC_WEIGHTS) for path in paths)
    lessons = record_lessons(voices[0].graphs, config, theirs, texts, seed=1)
    asked = graph_inputs(lessons, config, theirs, len(lessons))
    found = [_apart(voices[1], mine, lessons, number, asked) for number in range(len(lessons))]
    mel, cents, flips, frames = (np.concatenate(column) for column in zip(*(one[:4] for one in found), strict=True))
    frame_ms = 1000 * config.mel.hop_length / config.mel.sample_rate
    yield Row("mel_l1_nepers", "mel distance", "nepers", None, float(mel.mean()), 4)
    yield Row("f0_rmse_cents", "F0 error, root mean square", "cents", None, float(np.sqrt(np.square(cents).mean())), 1)
    yield Row("voicing_changed_pct", "frames whose voicing differs", "%", None, 100 * float(flips.mean()), 2)
    yield Row("duration_error_ms", "duration error of a phone, mean", "ms", None, frame_ms * float(frames.mean()), 2)
    yield Row(
        "length_error_pct", "length error of a sentence, mean", "%", None, 100 * float(np.mean([one[4] for one in found])), 2
    )


def _apart(
    student: Voice, tables: Mapping[str, Array], lessons: Lessons, number: int, asked: Mapping[str, Sequence[Mapping[str, Array]]]
) -> tuple[Array, Array, Array, Array, float]:
    """Return the errors of a sentence.

    Of mel by frame, F0 in cents by voiced frame, voicing by frame, duration in frames by phone, and the relative error of its
    length; the silence around it is the runtime's and does not count.
    """
    phones, frames = lessons.phones_of(number), lessons.frames_of(number)
    row, emotions = int(lessons.speakers[number]), student.config.emotions
    style = tables["style.weight"][lessons.styles[number]].astype(np.float32)
    if emotions:
        style = style + tables["emotion.weight"][lessons.emotions[number]].astype(np.float32)
    encoded = student.graphs["encoder"].run({**asked["encoder"][number], "style": style[None]})
    spread = np.repeat(encoded["hidden"][0], lessons.durations[phones], axis=0)[None]
    speaker = tables["speaker.weight"][row : row + 1].astype(np.float32)
    inputs = {**asked["decoder"][number], "frames": spread, "speaker": speaker, "style": style[None]}
    mel, pitch = (
        student.graphs[name].run({key: inputs[key] for key in student.graphs[name].spec.inputs})[output][0]
        for name, output in (("decoder", "mel"), ("pitch", "pitch"))
    )
    wanted = lessons.pitch[frames].astype(np.float32)
    voiced = wanted[:, 1] <= 0
    cents = (pitch[voiced, 0] - wanted[voiced, 0]) * student.config.speakers[row].log_f0_std * CENTS
    inner = (encoded["log_duration"][0, 1:-1], lessons.log_duration[phones][1:-1])
    ours, theirs = (np.exp(values.astype(np.float64)) for values in inner)
    distance = np.abs(mel.T - lessons.mel[frames].astype(np.float32)).mean(1)
    return distance, cents, (pitch[:, 1] > 0) == voiced, np.abs(ours - theirs), abs(float(ours.sum() / theirs.sum()) - 1)
