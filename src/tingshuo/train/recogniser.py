"""From recordings and their texts to a recogniser of Mandarin: a conformer that hears syllables, and words that are written.

A run folder holds the work::

    config.yaml   skipped.jsonl   features/   log.jsonl   checkpoints/   report.html   lock

The moving average of the weights after the last step is published.
"""

import json
import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import yaml

from tingshuo.data.corpora.corpus import Corpus
from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.teaching import BLANK, Pupil, Syllables
from tingshuo.store.atomic import replace_file
from tingshuo.train import loop
from tingshuo.train.checkpoint import load_part
from tingshuo.train.config import CONFIG_FILE
from tingshuo.train.denormals import flushed_denormals
from tingshuo.train.distributed import World
from tingshuo.train.publish import check_statements
from tingshuo.train.recogniser_base import Base, begin_with, open_base, origin
from tingshuo.train.recogniser_config import RecogniserTraining
from tingshuo.train.recogniser_corpora import read_corpora
from tingshuo.train.recogniser_language import Language, learn_language, texts_of
from tingshuo.train.recogniser_material import Material, gather
from tingshuo.train.recogniser_publish import Made, publish_recogniser
from tingshuo.train.recogniser_recipe import RecogniserRecipe
from tingshuo.train.recogniser_units import inventory, taught_as
from tingshuo.train.report import write_report
from tingshuo.train.run_folder import BUNDLE, SKIPPED, claimed
from tingshuo.train.told import Taught, Tell, Told

FEATURES = "features"


@dataclass(frozen=True, slots=True)
class TaughtRecogniser(Taught):
    """How the training ended; ``skipped`` recordings were left out, ``new_units`` are those the bundle it began with lacked."""

    skipped: int = 0
    new_units: tuple[str, ...] = ()


@flushed_denormals()
def train_recogniser(
    config: RecogniserTraining,
    data: Sequence[Path],
    run: Path,
    *,
    base: Path | None = None,
    kind: str = "auto",
    parts: Sequence[str] = (),
    resume: bool = False,
    world: World | None = None,
    tell: Tell | None = None,
) -> TaughtRecogniser:
    """Teach a recogniser what is said in recordings, and write it as the bundle ``run/bundle``.

    Parameters
    ----------
    config : RecogniserTraining
        From `tingshuo.train.recogniser_config.read_recogniser_config`.
    data : sequence of Path
        Corpora of any layout; see `tingshuo.train.recogniser_corpora.read_corpora`, also for ``kind`` and ``parts``.
    run : Path
        Folder of the training.
    base : Path or None
        Bundle of a recogniser to begin with; its features and sizes are taken instead of the config's.
    resume : bool
        Go on with a training that was interrupted, or with more steps than it had.
    world : World or None
        The processes that train together.
    tell : callable or None
        Told the stage (``features``, ``teach``, ``language``, ``publish``), its share done, and a word.

    Raises
    ------
    ConfigError
        Sizes do not fit each other, or licence, consent or data statement is missing.
    DataError
        There is nothing to learn from, or a file of texts cannot be read.
    BundleError
        The base is no sound bundle.
    TrainError
        The run cannot be begun or resumed, the base is no conformer of these units, or a loss is not finite.
    OutputError
        Something cannot be written.
    """
    told, world = Told(tell), world or World()
    check_statements(config.bundle)
    loop.check_begin(run, resume)
    began = open_base(base, config.units) if base is not None else None
    config = began.fitted(config) if began is not None else config
    torch.set_num_threads(config.loop.threads or max(1, usable_cpus() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    corpus, texts = read_corpora(data, config, kind, parts), texts_of(config.language)
    run.mkdir(parents=True, exist_ok=True)
    with claimed(run) if world.leads else nullcontext():
        world.any(False)  # everybody has looked
        material = _gathered(corpus, config, began, run, world, told)
        if world.leads:
            _note(corpus, material, config, run)
        pupil, units, new = _begin(material, config, began)
        result = _teach(pupil, units, material, config, run, resume, world, told, origin(began))
        skipped = len(corpus.skipped) + len(material.skipped)
        if world.leads:
            write_report(run)
        if not result.finished or not world.leads:
            return TaughtRecogniser(result.step, result.finished, result.best, None, skipped, new)
        language = _words(config, texts, corpus, began, told)
        told("publish", 0.0)
        load_part(run, "average", pupil)
        made = Made(material, config, language, result.step, began)
        bundle = publish_recogniser(run / BUNDLE, pupil.finished(), made)
    return TaughtRecogniser(result.step, True, result.best, bundle, skipped, new)


def _gathered(corpus: Corpus, config: RecogniserTraining, began: Base | None, run: Path, world: World, told: Told) -> Material:
    """Return what teaches and judges; the first process computes it, the others wait."""
    known = set(began.rows) - {BLANK} if began is not None else set()
    if config.units == "syllables" and config.unheard:
        known |= inventory()
    if not world.leads:
        world.any(False)
    material = gather(corpus.rows, config, run / FEATURES, known, told.counter("features"))
    if world.leads:
        world.any(False)
    return replace(material, cmvn=began.cmvn) if began is not None else material


def _begin(material: Material, config: RecogniserTraining, began: Base | None) -> tuple[Pupil, Syllables, tuple[str, ...]]:
    """Return a net of the sizes that the units ask for, its units, and those that the base did not have.

    Its weights are random but for those of the base.
    """
    torch.manual_seed(config.loop.seed)
    units = taught_as(material.units, config.units)
    fields = config.net.fields() | {"units": len(units.units), "features": config.fbank.n_mels}
    pupil = Pupil(ConformerConfig.check(fields, "net"), units, config.dropout)
    return pupil, units, () if began is None else begin_with(pupil, units, began)


def _teach(
    pupil: Pupil,
    units: Syllables,
    material: Material,
    config: RecogniserTraining,
    run: Path,
    resume: bool,
    world: World,
    told: Told,
    origin: dict[str, str | None],
) -> loop.Result:
    recipe = RecogniserRecipe(pupil, units, material, config, world)
    identity = {**config.identity(), **origin, "names": list(material.units), "clips": len(material.taught)}

    def watch(seen: loop.Progress) -> None:
        told("teach", seen.done, f"step {seen.step}, loss {seen.losses['loss']:.3f}")

    return loop.fit(recipe, run, config.loop, identity, resume=resume, world=world, watch=watch)


def _words(config: RecogniserTraining, texts: Sequence[str], corpus: Corpus, began: Base | None, told: Told) -> Language | None:
    """Return the words that syllables are written as; characters need none."""
    if config.units != "syllables":
        return None
    told("language", 0.0)
    known = began.language if began is not None else None
    return learn_language(config.language, texts, corpus.rows, known, lambda done: told("language", done))


def _note(corpus: Corpus, material: Material, config: RecogniserTraining, run: Path) -> None:
    skipped = [one._asdict() for one in (*corpus.skipped, *material.skipped)]
    replace_file(run / SKIPPED, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in skipped).encode())
    replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
