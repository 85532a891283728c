"""From folders of short clips to a bundle that tells single words and commands apart, in minutes on a processor.

A run folder holds the work::

    config.yaml   skipped.jsonl   log.jsonl   checkpoints/   report.html   lock

The moving average of the weights after the last step is published, whatever was held out: a checkpoint that is chosen by clips is
no longer judged by them.
"""

import json
from pathlib import Path

import torch
import yaml

from tingshuo.data.words import read_words
from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.models.keywords.net import KeywordsNet
from tingshuo.store.atomic import replace_file
from tingshuo.train import loop
from tingshuo.train.checkpoint import load_part
from tingshuo.train.config import CONFIG_FILE
from tingshuo.train.denormals import flushed_denormals
from tingshuo.train.keywords_config import KeywordsTraining
from tingshuo.train.keywords_material import Material, gather
from tingshuo.train.keywords_publish import publish_keywords
from tingshuo.train.keywords_recipe import KeywordsRecipe
from tingshuo.train.publish import check_statements
from tingshuo.train.report import write_report
from tingshuo.train.run_folder import SKIPPED, claimed
from tingshuo.train.told import Taught, Tell, Told


def run_folder(destination: Path) -> Path:
    """Return where the training of a bundle is kept: beside it."""
    return destination.with_name(f"{destination.name}.run")


@flushed_denormals()
def train_keywords(
    config: KeywordsTraining,
    data: Path,
    destination: Path,
    *,
    run: Path | None = None,
    resume: bool = False,
    tell: Tell | None = None,
) -> Taught:
    """Teach a net the words of a folder, and write it as a bundle.

    Parameters
    ----------
    config : KeywordsTraining
        From `tingshuo.train.keywords_config.read_keywords_config`.
    data : Path
        Folders of words, or a corpus whose texts are words; see `tingshuo.data.words`.
    destination : Path
        The bundle's folder; one that is there is replaced.
    run : Path or None
        Folder of the training; `run_folder` of the destination without it.
    resume : bool
        Go on with a training that was interrupted, or with more steps than it had.
    tell : callable or None
        Told the stage (``features``, ``teach``, ``publish``), its share done, and a word.

    Raises
    ------
    ConfigError
        Sizes do not fit each other, or licence, consent or data statement is missing.
    DataError
        There are too few words or clips, or none can be read.
    TrainError
        The run cannot be begun or resumed, or a loss is not finite.
    OutputError
        Something cannot be written.
    """
    told, run = Told(tell), run or run_folder(destination)
    check_statements(config.bundle)
    loop.check_begin(run, resume)
    torch.set_num_threads(config.loop.threads or usable_cpus())
    corpus = read_words(data, config.dev_share)
    material = gather(corpus.rows, config.fbank, config.net.frames, told.counter("features"))
    run.mkdir(parents=True, exist_ok=True)
    with claimed(run):
        skipped = [one._asdict() for one in (*corpus.skipped, *material.skipped)]
        replace_file(run / SKIPPED, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in skipped).encode())
        replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
        result = _teach(material, config, run, resume, told)
        write_report(run)
        if not result.finished:
            return Taught(result.step, False, result.best)
        told("publish", 0.0)
        net = _net(material, config)
        load_part(run, "average", net)
        made = publish_keywords(destination, net.eval(), material, config, result.step)
    return Taught(result.step, True, result.best, made)


def _teach(material: Material, config: KeywordsTraining, run: Path, resume: bool, told: Told) -> loop.Result:
    torch.manual_seed(config.loop.seed)
    recipe = KeywordsRecipe(_net(material, config), material, config)
    identity = {**config.identity(), "words": list(material.words), "clips": len(material.names)}

    def watch(seen: loop.Progress) -> None:
        told("teach", seen.done, f"step {seen.step}, loss {seen.losses['loss']:.3f}")

    return loop.fit(recipe, run, config.loop, identity, resume=resume, watch=watch)


def _net(material: Material, config: KeywordsTraining) -> KeywordsNet:
    """Return a net with random weights, of the sizes that the words ask for.

    Raises
    ------
    ConfigError
        The sizes do not fit each other.
    """
    fields = config.net.fields() | {"rows": len(material.words) + 1, "mels": config.fbank.n_mels}
    return KeywordsNet(KeywordsConfig.check(fields, "net"), learning=True, dropout=config.dropout)
