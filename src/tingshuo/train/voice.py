"""From a folder of recordings to a voice: read, check, prepare, align, train stage by stage, publish.

What can fail fails early: statements for the manifest, a vocoder that does not fit, the disk, unreadable and unspeakable
recordings come before training.
"""

import json
import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from tingshuo.config import VoiceConfig
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import ConfigError, DataError
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets, architecture, voice_family
from tingshuo.port.reuse import known_graphs
from tingshuo.port.vocoders import Vocoder
from tingshuo.port.voice import contexts
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.sealing import readable
from tingshuo.tasks.monitor.statistics import Statistics, statistics_of_rows
from tingshuo.text.symbols import ALL_PHONES, PHONES, has_english
from tingshuo.train.aligner import bundled_aligner
from tingshuo.train.config import TrainConfig, write_config
from tingshuo.train.distributed import World
from tingshuo.train.generator import build_generator, vocoder_sizes
from tingshuo.train.material import Material, prepare_material, read_rows
from tingshuo.train.publish import Base, check_offer, check_statements, publish, read_nets
from tingshuo.train.run_folder import BUNDLE, SKIPPED, VOICE, Learnt, check_run, claimed
from tingshuo.train.stages import Stages, acoustic_net, plain
from tingshuo.train.start import Start, sizes_of, start_fresh, start_from
from tingshuo.train.tempo import with_tempo
from tingshuo.train.told import Tell, Told
from tingshuo.train.vocoder_config import BASE


@dataclass(frozen=True, slots=True)
class Trained:
    """How it ended: what each stage came to; ``bundle`` is None after an interruption, ``skipped`` counts rows left out.

    ``notes`` are sentences on what to expect.
    """

    learnt: tuple[Learnt, ...]
    skipped: int
    bundle: Path | None
    notes: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether no stage was interrupted."""
        return all(one.finished for one in self.learnt)


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
    tell: Tell | None = None,
) -> Trained:
    """Train a voice and publish it to ``run/bundle``.

    Parameters
    ----------
    data : Path
        A corpus of any known layout.
    run : Path
        Folder of the training, see `tingshuo.train.run_folder`.
    config : TrainConfig
        Its ``bundle`` section must have the statements of the manifest.
    base : Path
        Bundle that what is not trained is taken from, and whose vocoder ``vocoder.family: base`` goes on with; with
        ``from_base`` the acoustic model too begins there.
    kind, parts : str, sequence of str
        Of the corpus, see `tingshuo.data.corpora.registry.read_corpus`.
    resume : bool
        Go on with a run that was interrupted, or with another stage.
    world : World or None
        The processes that train together.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    ConfigError
        A statement for the manifest is missing, or the vocoder, the features and the base voice do not fit together.
    ConsentError
        A person would be cloned of whose consent there is no record, or whose consent has ended.
    DataError
        Nothing in the corpus can be learnt from.
    TrainError
        The run cannot be begun or resumed, is in use, or a loss is not finite.
    OutputError
        The disk is too small or cannot be written.
    """
    config = check_run(run, config, resume)
    from_base = from_base or "acoustic" not in config.stages
    check_statements(config.bundle, clones=from_base and config.copies_timbres)
    bundle = readable(open_bundle(base))
    check_fit(config, bundle, from_base)
    if from_base and has_english(bundle.config.phonemes):
        config = config.replace(features=config.features.replace(english=True))
    nets = read_nets(bundle)
    tuned = "vocoder" in config.stages or "joint" in config.stages
    generator = build_generator(config.vocoder, config.features.mel, nets.vocoder, config.loop.seed) if tuned else nets.vocoder
    world, told = world or World(), Told(tell)
    torch.set_num_threads(config.loop.threads or max(1, usable_cpus() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    aligner = bundled_aligner(bundle)
    run.mkdir(parents=True, exist_ok=True)
    with claimed(run) if world.leads else nullcontext():
        world.any(False)  # everybody has looked
        if world.leads:
            read_rows(data, run, config, told, kind=kind, parts=parts, resume=resume)
            prepare_material(run, config, told, aligner)
        world.any(False)  # the others wait until the features are there
        material = prepare_material(run, config, told, aligner)
        start = None
        if config.needs_texts:
            beginning = (config, material.features, material.examples)
            start = start_from(bundle.config, nets, *beginning) if from_base else start_fresh(*beginning)
            config = config.replace(acoustic=sizes_of(start.net.config, config.acoustic))
        used = Base(bundle.manifest, from_base, not tuned or config.vocoder.family == BASE)
        stages = Stages(run, config, material, used.label, world, told)
        stages.check(from_base)
        voice = describe_voice(start, config, generator) if start is not None else with_vocoder(bundle.config, nets, generator)
        people = check_offer(voice, config, used)  # what could not be published is not trained
        if world.leads:
            write_config(run, config)
            replace_file(run / VOICE, json.dumps(voice.fields(), ensure_ascii=False, indent=1).encode())
        speaking = nets.vocoder if bundle.config.mel == config.features.mel else None
        published, notes = None, tuple(material.notes)
        if _train(stages, start, generator, speaking, from_base) and world.leads:
            told("publish", 0.0)
            ready = VoiceNets(acoustic_net(start) if start is not None else nets.acoustic, plain(generator))
            if start is not None and "acoustic" in config.stages:
                voice = _at_their_tempo(voice, start, ready.acoustic, material)
            texts = [row.text for row in material.rows if row.text]
            spread = _spread(material)
            notes += () if spread else ("The recordings are no longer there, so the voice does not say how they are spread.",)
            along = (texts, material.aligner or aligner, known_graphs(bundle), spread, people)
            published = publish(run / BUNDLE, voice, ready, config.bundle, used, stages.learnt, *along)
    return Trained(tuple(stages.learnt), _lines(run / SKIPPED), published, notes)


def check_fit(config: TrainConfig, bundle: Bundle, from_base: bool) -> None:
    """Refuse a vocoder, features and a base voice that do not fit together.

    Raises
    ------
    ConfigError
        Names what does not fit, and what would.
    """
    tuned = "vocoder" in config.stages or "joint" in config.stages
    fresh = vocoder_sizes(config.vocoder, config.features.mel) is not None
    if fresh and not tuned:
        raise ConfigError(
            f"vocoder.family is {config.vocoder.family}, and no stage trains a vocoder; add vocoder to stages, or leave it out"
        )
    uses = []
    if from_base or "acoustic" not in config.stages:
        uses.append("acoustic model")
        if bundle.config.phonemes not in (PHONES, ALL_PHONES):
            raise ConfigError(f"{bundle.manifest.name} speaks another set of phones; train a new acoustic model without --from")
    if not fresh:
        uses.append("vocoder")
    if uses and bundle.config.mel != config.features.mel:
        own, wanted = bundle.config.mel.fields(), config.features.mel.fields()
        key = next(key for key in own if own[key] != wanted[key])
        raise ConfigError(
            f"features.mel.{key} is {wanted[key]}, and the {' and '.join(uses)} of {bundle.manifest.name} "
            f"{'know' if len(uses) > 1 else 'knows'} {own[key]}; set it so, or train them anew"
        )


def describe_voice(start: Start, config: TrainConfig, vocoder: Vocoder) -> VoiceConfig:
    """Return the config of the voice that a training makes."""
    return VoiceConfig(
        family=voice_family(vocoder),
        mel=config.features.mel,
        phonemes=start.phonemes,
        speakers=start.speakers,
        styles=start.styles,
        emotions=start.emotions,
        architecture=architecture(start.net.config, vocoder.config),
        **contexts(start.net.config, vocoder.config),
    )


def with_vocoder(voice: VoiceConfig, nets: VoiceNets, vocoder: Vocoder) -> VoiceConfig:
    """Return the config of a finished voice with another vocoder."""
    sizes = nets.acoustic.config, vocoder.config
    return voice.replace(family=voice_family(vocoder), architecture=architecture(*sizes), **contexts(*sizes))


def _train(stages: Stages, start: Start | None, generator: Vocoder, speaking: Vocoder | None, from_base: bool) -> bool:
    """Train every stage; returns whether none was interrupted."""
    wanted = stages.config.stages
    if start is not None and "acoustic" in wanted and not stages.acoustic(start, speaking, from_base):
        return False
    if "vocoder" in wanted and not stages.vocoder(generator):
        return False
    return start is None or "joint" not in wanted or stages.joint(generator, start, from_base)


def _at_their_tempo(voice: VoiceConfig, start: Start, net: FastSpeech, material: Material) -> VoiceConfig:
    """Return a voice whose styles last as long as the recordings that taught them."""
    taught = [example for example in material.examples if example.clip.split == "train"]
    styles = with_tempo(voice.styles, net, material.features, taught, start.tables(material.features))
    return voice.replace(styles=styles)


def _spread(material: Material) -> Statistics | None:
    """Return how what taught is spread; None where only its features are left."""
    try:
        return statistics_of_rows([row for row in material.rows if row.split == "train"] or material.rows)
    except DataError:
        return None


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines()) if path.exists() else 0
