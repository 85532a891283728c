"""From recordings and their texts to a classic recogniser: MFCC, an alignment from nothing, a net that tells states, words.

A run folder holds the work::

    config.yaml   skipped.jsonl   features/   first/   second/   bundle/   lock

``first`` and ``second`` are trainings with a log, checkpoints, a report, and ``labels.npy``, the alignment that they learn: that
of Gaussian mixtures, and that of the net after the first. The moving average of the weights after the last step is published.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from tingshuo.data.corpora.corpus import Corpus
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.dnn.config import DnnConfig
from tingshuo.models.dnn.net import Dnn
from tingshuo.store.atomic import replace_file
from tingshuo.train import loop
from tingshuo.train.checkpoint import has_checkpoint, load_part
from tingshuo.train.config import CONFIG_FILE
from tingshuo.train.denormals import flushed_denormals
from tingshuo.train.distributed import World
from tingshuo.train.hybrid_align import align, count_states, flat_start
from tingshuo.train.hybrid_config import HybridTraining
from tingshuo.train.hybrid_material import Material, gather
from tingshuo.train.hybrid_publish import Learnt, publish_hybrid
from tingshuo.train.hybrid_recipe import HybridRecipe, NetScores
from tingshuo.train.publish import check_statements
from tingshuo.train.recogniser_language import Language, learn_language, texts_of
from tingshuo.train.report import write_report
from tingshuo.train.run_folder import BUNDLE, SKIPPED, claimed
from tingshuo.train.told import Taught, Tell, Told

FEATURES, LABELS = "features", "labels.npy"
FIRST, SECOND = "first", "second"
Ints = NDArray[np.int64]


@flushed_denormals()
def train_hybrid(
    config: HybridTraining,
    data: Path,
    run: Path,
    *,
    kind: str = "auto",
    parts: Sequence[str] = (),
    resume: bool = False,
    world: World | None = None,
    tell: Tell | None = None,
) -> Taught:
    """Teach a classic recogniser what is said in recordings, and write it as the bundle ``run/bundle``.

    Parameters
    ----------
    config : HybridTraining
        From `tingshuo.train.hybrid_config.read_hybrid_config`.
    data : Path
        A corpus of any layout; see `tingshuo.data.corpora.registry.read_corpus`, also for ``kind`` and ``parts``.
    run : Path
        Folder of the training.
    resume : bool
        Go on with a training that was interrupted, or with more steps than it had.
    world : World or None
        Where it is computed: one process.
    tell : callable or None
        Told the stage (``features``, ``align``, ``teach``, ``realign``, ``reteach``, ``language``, ``publish``), its share done,
        and a word.

    Raises
    ------
    ConfigError
        Sizes do not fit each other, or licence, consent or data statement is missing.
    DataError
        There is nothing to learn from, or a file of texts cannot be read.
    TrainError
        The run cannot be begun or resumed, or a loss is not finite.
    OutputError
        Something cannot be written.
    """
    told = Told(tell)
    check_statements(config.bundle)
    loop.check_begin(run / FIRST, resume)
    torch.set_num_threads(config.loop.threads or usable_cpus())
    corpus = read_corpus(data, kind, parts, config.dev_share)
    texts = texts_of(config.language)
    run.mkdir(parents=True, exist_ok=True)
    with claimed(run):
        material = gather(corpus.rows, config.mfcc, config.hmm.states, config.longest_s, run / FEATURES, told.counter("features"))
        _note(corpus, material, config, run)
        job = _Job(material, config, run, resume, world or World(), told)
        result = _teach(job, FIRST, _first_alignment)
        if result.finished and config.realign:
            result = _teach(job, SECOND, _second_alignment)
        if not result.finished:
            return Taught(result.step, False, result.best)
        told("language", 0.0)
        language = learn_language(config.language, texts, corpus.rows, None, lambda done: told("language", done))
        told("publish", 0.0)
        made = _publish(job, result.step, language)
    return Taught(result.step, True, result.best, made)


class _Job(NamedTuple):
    """What a training is about."""

    material: Material
    config: HybridTraining
    run: Path
    resume: bool
    world: World
    told: Told


def _teach(job: _Job, stage: str, alignment: Callable[[_Job], Ints]) -> loop.Result:
    """Teach the net an alignment: the first time from nothing, the second as it is after the first."""
    folder = job.run / stage
    begun = job.resume and has_checkpoint(folder)
    material = job.material
    identity = {**job.config.identity(), "phones": list(material.phones), "frames": len(material.features)}
    loop.check_begin(folder, begun, identity)
    if not begun:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / LABELS, alignment(job).astype(np.int16))
    torch.manual_seed(job.config.loop.seed)
    net = _net(material, job.config)
    if stage == SECOND:
        load_part(job.run / FIRST, "average", net)
    recipe = HybridRecipe(net, material, np.load(folder / LABELS).astype(np.int64), job.config, job.world)

    def watch(seen: loop.Progress) -> None:
        told = "teach" if stage == FIRST else "reteach"
        job.told(told, seen.done, f"step {seen.step}, loss {seen.losses['loss']:.3f}")

    result = loop.fit(recipe, folder, job.config.loop, identity, resume=begun, world=job.world, watch=watch)
    write_report(folder)
    return result


def _first_alignment(job: _Job) -> Ints:
    return flat_start(job.material, job.config.hmm, job.told.counter("align"))


def _second_alignment(job: _Job) -> Ints:
    material, per_phone = job.material, job.config.hmm.states
    net = _net(material, job.config)
    load_part(job.run / FIRST, "average", net)
    priors = count_states(material, np.load(job.run / FIRST / LABELS), per_phone).priors
    models = NetScores(net.to(job.world.device), priors, job.config.offsets)
    return align(material, models, per_phone, material.heard, tones=True, progress=job.told.counter("realign"))


def _publish(job: _Job, steps: int, language: Language) -> Path:
    stage = job.run / (SECOND if job.config.realign else FIRST)
    net = _net(job.material, job.config)
    load_part(stage, "average", net)
    counts = count_states(job.material, np.load(stage / LABELS), job.config.hmm.states)
    return publish_hybrid(job.run / BUNDLE, Learnt(net.eval(), counts, steps), job.material, job.config, language)


def _net(material: Material, config: HybridTraining) -> Dnn:
    """Return a net with random weights, of the sizes that the material asks for."""
    fields = config.net.fields() | {
        "inputs": config.mfcc.size * len(config.offsets),
        "states": len(material.phones) * config.hmm.states,
    }
    return Dnn(DnnConfig.check(fields, "net"), config.dropout)


def _note(corpus: Corpus, material: Material, config: HybridTraining, run: Path) -> None:
    skipped = [one._asdict() for one in (*corpus.skipped, *material.skipped)]
    replace_file(run / SKIPPED, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in skipped).encode())
    replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
