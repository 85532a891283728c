"""From files of text to a neural language model of characters, as a bundle.

A run folder holds the work::

    config.yaml   log.jsonl   checkpoints/   report.html   lock   bundle/

A text of a few million characters is soon known by heart, so what is published is the moving average at the step at which it was
best on sentences that were held out; others, which choose nothing, judge it.
"""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
import yaml

from tingshuo.config.language import MARKS
from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.language.config import LanguageConfig
from tingshuo.models.language.net import Language
from tingshuo.store.atomic import replace_file
from tingshuo.train import loop
from tingshuo.train.checkpoint import BEST, load_part
from tingshuo.train.config import CONFIG_FILE
from tingshuo.train.denormals import flushed_denormals
from tingshuo.train.distributed import World
from tingshuo.train.language_model_config import LanguageModelTraining
from tingshuo.train.language_model_material import Material, gather, read_texts
from tingshuo.train.language_model_publish import publish_language_model
from tingshuo.train.language_model_recipe import LanguageModelRecipe
from tingshuo.train.publish import check_statements
from tingshuo.train.report import write_report
from tingshuo.train.run_folder import BUNDLE, claimed
from tingshuo.train.told import Taught, Tell, Told


@flushed_denormals()
def train_language_model(
    config: LanguageModelTraining,
    texts: Sequence[Path],
    run: Path,
    *,
    kept_back: Sequence[Path] = (),
    resume: bool = False,
    world: World | None = None,
    tell: Tell | None = None,
) -> Taught:
    """Teach a net what texts say, and write it as the bundle ``run/bundle``.

    Parameters
    ----------
    config : LanguageModelTraining
        From `tingshuo.train.language_model_config.read_language_model_config`.
    texts : sequence of Path
        Files of text, a sentence or more a line; of a table (``.tsv``) the last column.
    run : Path
        Folder of the training.
    kept_back : sequence of Path
        Files of texts that a recogniser will be judged by, which the model must not know.
    resume : bool
        Go on with a training that was interrupted, or with more steps than it had.
    world : World or None
        The processes that train together.
    tell : callable or None
        Told the stage (``read``, ``teach``, ``publish``), its share done, and a word.

    Raises
    ------
    ConfigError
        Sizes do not fit each other, or licence or data statement is missing.
    DataError
        A file cannot be read, or there are too few sentences.
    TrainError
        The run cannot be begun or resumed, or a loss is not finite.
    OutputError
        Something cannot be written.
    """
    told, world = Told(tell), world or World()
    check_statements(config.bundle)
    loop.check_begin(run, resume)
    torch.set_num_threads(config.loop.threads or max(1, usable_cpus() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    told("read", 0.0)
    material = gather(read_texts(texts), read_texts(kept_back), config)
    run.mkdir(parents=True, exist_ok=True)
    with claimed(run) if world.leads else nullcontext():
        if world.leads:
            replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
        result = _teach(material, config, run, resume, world, told)
        if not world.leads:
            return Taught(result.step, result.finished, result.best)
        write_report(run)
        if not result.finished:
            return Taught(result.step, False, result.best)
        told("publish", 0.0)
        net = _net(material, config)
        chosen = load_part(run, "average", net, BEST if result.best is not None else "last")
        made = publish_language_model(run / BUNDLE, net, material, config, chosen.step)
    return Taught(result.step, True, result.best, made)


def _teach(material: Material, config: LanguageModelTraining, run: Path, resume: bool, world: World, told: Told) -> loop.Result:
    torch.manual_seed(config.loop.seed)
    recipe = LanguageModelRecipe(_net(material, config), material, config, world)
    identity = {**config.identity(), "characters": len(material.characters), "sentences": len(material.taught)}

    def watch(seen: loop.Progress) -> None:
        told("teach", seen.done, f"step {seen.step}, loss {seen.losses['loss']:.3f}")

    return loop.fit(recipe, run, config.loop, identity, resume=resume, world=world, watch=watch)


def _net(material: Material, config: LanguageModelTraining) -> Language:
    """Return a net with random weights, of the sizes that the texts ask for.

    Raises
    ------
    ConfigError
        The sizes do not fit each other.
    """
    fields = config.net.fields() | {"units": len(material.characters) + MARKS}
    return Language(LanguageConfig.check(fields, "net"), config.dropout)
