"""From a folder of recordings to a voice: read, check, prepare, align, train, publish.

A run folder holds all of it::

    config.yaml   data.jsonl   skipped.jsonl   voice.json   log.jsonl   report.html   samples/   tensorboard/   checkpoints/
    cache/   bundle/

What can fail fails early: statements for the manifest, the disk, unreadable and unspeakable recordings come before training.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tingshuo.config import VoiceConfig
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.features import Features, prepare
from tingshuo.data.quality import inspect
from tingshuo.data.utterance import Utterance, read_manifest, write_manifest
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import DataError, OutputError
from tingshuo.port.nets import architecture, voice_family
from tingshuo.port.vocoders import Vocoder
from tingshuo.port.voice import contexts
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import open_bundle
from tingshuo.text.symbols import PHONES, encode
from tingshuo.train import loop
from tingshuo.train.acoustic import AcousticRecipe
from tingshuo.train.align import Alignment, align
from tingshuo.train.config import TrainConfig, write_config
from tingshuo.train.distributed import World
from tingshuo.train.examples import Example
from tingshuo.train.publish import Source, check_statements, publish, read_nets
from tingshuo.train.report import write_report
from tingshuo.train.samples import show
from tingshuo.train.start import Start, sizes_of, start_fresh, start_from

MANIFEST, SKIPPED, VOICE, BUNDLE = "data.jsonl", "skipped.jsonl", "voice.json", "bundle"
BYTES_PER_SECOND = 50_000
"""Of features: 24000 samples of two bytes, and F0."""
CHECKPOINT_BYTES = 3 * 16 * 25_000_000
"""Three checkpoints of 25 million parameters: net, average, two moments."""


class Stage:
    """What is told of the work: the name of a stage, the share of it that is done, and a word on how it goes."""

    def __init__(self, tell: Callable[[str, float, str], None] | None = None) -> None:
        self._tell = tell

    def __call__(self, stage: str, done: float, note: str = "") -> None:
        """Tell."""
        if self._tell is not None:
            self._tell(stage, done, note)

    def counter(self, stage: str) -> Callable[[int, int], None]:
        """Return what a stage calls with how many of how many steps are done."""
        return lambda done, total: self(stage, done / max(1, total))


@dataclass(frozen=True, slots=True)
class Trained:
    """How it ended: after ``step`` steps; ``bundle`` is None after an interruption, ``skipped`` counts rows left out."""

    step: int
    finished: bool
    best: float | None
    skipped: int
    bundle: Path | None


def train_voice(
    data: Path,
    run: Path,
    config: TrainConfig,
    base: Path,
    *,
    from_base: bool = False,
    kind: str = "auto",
    parts: Sequence[str] = (),
    resume: bool = False,
    world: World | None = None,
    tell: Callable[[str, float, str], None] | None = None,
) -> Trained:
    """Train a voice and publish it to ``run/bundle``.

    Parameters
    ----------
    data : Path
        A corpus of any known layout.
    run : Path
        Folder of the training.
    config : TrainConfig
        Its ``bundle`` section must have the statements of the manifest.
    base : Path
        Bundle whose vocoder is taken; with ``from_base`` the acoustic model too begins there.
    kind, parts : str, sequence of str
        Of the corpus, see `tingshuo.data.corpora.registry.read_corpus`.
    resume : bool
        Go on with a run that was interrupted.
    world : World or None
        The processes that train together.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    ConfigError
        A statement for the manifest is missing.
    DataError
        Nothing in the corpus can be learnt from.
    TrainError
        The run cannot be begun or resumed, or a loss is not finite.
    OutputError
        The disk is too small or cannot be written.
    """
    check_statements(config.bundle)
    world, stage = world or World(), Stage(tell)
    torch.set_num_threads(config.loop.threads or usable_cpus())
    run.mkdir(parents=True, exist_ok=True)
    if world.leads:
        loop.check_begin(run, resume)
        rows = _rows(data, run, kind, parts, resume, stage)
        _prepared(rows, run, config, stage)
    world.any(False)  # the others wait until the features are there
    rows = read_manifest(run / MANIFEST)
    features, alignment = _prepared(rows, run, config, stage)
    examples = make_examples(features, alignment)
    bundle = open_bundle(base)
    nets = read_nets(bundle)
    source = Source(bundle.manifest, nets.vocoder, from_base)
    start = start_from(bundle.config, nets, config, features, examples) if from_base else start_fresh(config, features, examples)
    config = config.replace(acoustic=sizes_of(start.net.config, config.acoustic))
    voice = describe_voice(start, config, source.vocoder)
    identity = {**config.identity(), "data": features.key, "from": source.label if from_base else ""}
    loop.check_begin(run, resume, identity)
    if world.leads:
        write_config(run, config)
        replace_file(run / VOICE, json.dumps(voice.fields(), ensure_ascii=False, indent=1).encode())
    recipe = AcousticRecipe(start.net, features, examples, start.tables(features), config, world)
    result = loop.fit(
        recipe,
        run,
        config.loop,
        identity,
        resume=resume,
        world=world,
        watch=_watch(stage),
        show=lambda step: show(run, recipe, source.vocoder, step),
    )
    published = None
    if world.leads:
        write_report(run)
    if result.finished and world.leads:
        stage("publish", 0.0)
        published = publish(run, run / BUNDLE, voice, config.bundle, source, [row.text for row in rows if row.text])
    return Trained(result.step, result.finished, result.best, _lines(run / SKIPPED), published)


def describe_voice(start: Start, config: TrainConfig, vocoder: Vocoder) -> VoiceConfig:
    """Return the config of the voice that a training makes."""
    return VoiceConfig(
        family=voice_family(vocoder),
        mel=config.features.mel,
        phonemes=tuple(PHONES),
        speakers=start.speakers,
        styles=start.styles,
        emotions=start.emotions,
        architecture=architecture(start.net.config, vocoder.config),
        **contexts(start.net.config, vocoder.config),
    )


def make_examples(features: Features, alignment: Alignment) -> list[Example]:
    """Join clips with what was heard in them; clips that could not be aligned are left out."""
    found = alignment.by_id
    return [Example(clip, encode(found[clip.id].words), found[clip.id].durations) for clip in features.clips if clip.id in found]


def _rows(data: Path, run: Path, kind: str, parts: Sequence[str], resume: bool, stage: Stage) -> list[Utterance]:
    """Read and check a corpus; a resumed run has its rows already."""
    if resume and (run / MANIFEST).exists():
        return read_manifest(run / MANIFEST)
    corpus = read_corpus(data, kind, parts)
    report = inspect(corpus.rows, stage.counter("check"))
    bad = report.bad
    skipped = [(one.where, one.why) for one in corpus.skipped] + list(bad.items())
    lines = [json.dumps({"where": where, "why": why}, ensure_ascii=False) + "\n" for where, why in skipped]
    replace_file(run / SKIPPED, "".join(lines).encode())
    rows = [row for row in report.usable() if report.syllables.get(row.id)]
    if not rows:
        where, why = skipped[0] if skipped else (str(data), "no text can be spoken")
        raise DataError(f"{data}: nothing in it can be learnt from; the first reason of {len(skipped)}: {where}: {why}")
    needed = report.duration_s * BYTES_PER_SECOND + CHECKPOINT_BYTES
    free = shutil.disk_usage(run).free
    if free < needed:
        raise OutputError(f"{run}: features and checkpoints need {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free")
    write_manifest(run / MANIFEST, rows)
    return rows


def _prepared(rows: Sequence[Utterance], run: Path, config: TrainConfig, stage: Stage) -> tuple[Features, Alignment]:
    features = prepare(rows, config.features, run / "cache", stage.counter("features"))
    return features, align(features, config.align, stage.counter("align"))


def _watch(stage: Stage) -> Callable[[loop.Progress], None]:
    def watch(seen: loop.Progress) -> None:
        losses = ", ".join(f"{name} {value:.3f}" for name, value in list(seen.losses.items())[:2])
        stage("train", seen.done, f"step {seen.step}, {losses}")

    return watch


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines()) if path.exists() else 0
