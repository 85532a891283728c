"""What a voice is trained on: the rows of a corpus that can be used, their features, and when each phone is spoken."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.features import Features, prepare
from tingshuo.data.quality import QualityReport, inspect
from tingshuo.data.utterance import Utterance, read_manifest, write_manifest
from tingshuo.errors import DataError, OutputError, TrainError
from tingshuo.store.atomic import replace_file
from tingshuo.text.symbols import encode
from tingshuo.train.align import Alignment, align
from tingshuo.train.aligner import Aligner
from tingshuo.train.config import Stage, TrainConfig
from tingshuo.train.examples import Example
from tingshuo.train.run_folder import MANIFEST, SKIPPED
from tingshuo.train.segments import SegmentSampler
from tingshuo.train.told import Told

BYTES_PER_SECOND = 50_000
"""Of features: 24000 samples of two bytes, and F0."""
CHECKPOINT_BYTES: dict[Stage, int] = {
    "acoustic": 3 * 16 * 25_000_000,
    "vocoder": 3 * 16 * 17_000_000,
    "joint": 3 * 16 * 42_000_000,
}
"""Of three checkpoints: nets, average, two moments. Of a vocoder with its critics, 17 million parameters are the most."""


@dataclass(frozen=True, slots=True)
class Material:
    """Rows, their features, and the clips that could be aligned: none when only a vocoder is trained.

    ``aligner`` is what the finished voice hands on; ``notes`` are sentences on what to expect of the alignment.
    """

    rows: Sequence[Utterance]
    features: Features
    examples: Sequence[Example]
    aligner: Aligner | None = None
    notes: tuple[str, ...] = ()


def read_rows(
    data: Path, run: Path, config: TrainConfig, told: Told, *, kind: str = "auto", parts: Sequence[str] = (), resume: bool = False
) -> None:
    """Read and check a corpus, and keep in the run's folder which rows are used, and why others are not.

    A resumed run has its rows already.

    Raises
    ------
    DataError
        Nothing in the corpus can be learnt from.
    TrainError
        ``vocoder.shares`` names somebody who is not in it.
    OutputError
        The disk is too small or cannot be written.
    """
    if resume and (run / MANIFEST).exists():
        return
    corpus = read_corpus(data, kind, parts)
    report = inspect(corpus.rows, told.counter("check"))
    rows, left_out = _chosen(report, config)
    skipped = [(one.where, one.why) for one in corpus.skipped] + left_out
    lines = [json.dumps({"where": where, "why": why}, ensure_ascii=False) + "\n" for where, why in skipped]
    replace_file(run / SKIPPED, "".join(lines).encode())
    if not rows or (config.needs_texts and not any(report.syllables.get(row.id) for row in rows)):
        where, why = skipped[0] if skipped else (str(data), "no text can be spoken")
        raise DataError(f"{data}: nothing in it can be learnt from; the first reason of {len(skipped)}: {where}: {why}")
    absent = sorted(set(config.vocoder.shares) - {row.speaker for row in rows})
    if absent:
        raise TrainError(f"vocoder.shares names {absent[0]!r}, of whom there is no recording")
    needed = report.duration_s * BYTES_PER_SECOND + sum(CHECKPOINT_BYTES[stage] for stage in config.stages)
    free = shutil.disk_usage(run).free
    if free < needed:
        raise OutputError(f"{run}: features and checkpoints need {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free")
    write_manifest(run / MANIFEST, rows)


def prepare_material(run: Path, config: TrainConfig, told: Told, aligner: Aligner | None = None) -> Material:
    """Compute features and alignment, or open those that were computed before; ``aligner`` is that of the base voice.

    Raises
    ------
    DataError
        No row can be used.
    TrainError
        No clip could be aligned, or none has the length of a vocoder's segment.
    OutputError
        The cache cannot be written.
    """
    rows = read_manifest(run / MANIFEST)
    features = prepare(rows, config.features, run / "cache", told.counter("features"))
    if "vocoder" in config.stages or "joint" in config.stages:
        # Whether segments can be drawn is better known now than after the acoustic model has learnt.
        SegmentSampler(features.clips, config.vocoder.frames + ("joint" in config.stages), config.vocoder.shares)
    if not config.needs_texts:
        return Material(rows, features, ())
    alignment = align(features, config.align, told.counter("align"), aligner)
    examples = make_examples(features, alignment)
    if "joint" in config.stages:
        SegmentSampler([example.clip for example in examples], config.vocoder.frames + 1, {})
    return Material(rows, features, examples, alignment.aligner, alignment.notes)


def make_examples(features: Features, alignment: Alignment) -> list[Example]:
    """Join clips with what was heard in them; clips that could not be aligned are left out."""
    found = alignment.by_id
    return [Example(clip, encode(found[clip.id].words), found[clip.id].durations) for clip in features.clips if clip.id in found]


def _chosen(report: QualityReport, config: TrainConfig) -> tuple[list[Utterance], list[tuple[str, str]]]:
    """Return the rows that some stage can learn from, and the others with the reason; a vocoder needs no text."""
    usable, left_out = report.usable(), list(report.bad.items())
    if "vocoder" in config.stages or "joint" in config.stages:
        return usable, left_out
    mute = [row for row in usable if not report.syllables.get(row.id)]
    left_out += [(row.id, "has no text that can be spoken, and no vocoder is trained") for row in mute]
    return [row for row in usable if report.syllables.get(row.id)], left_out
