"""From a voice of any family to a small one of ours: it speaks, a student learns to sound alike, and both are measured.

What teaches is speech alone, so a teacher may be anything that speaks Mandarin. The student is a voice as `tingshuo train` makes
them: phones and tones of this program's front end, its durations, F0 and mel, and the built-in voice's vocoder. A run folder
beside the new bundle holds the work::

    config.yaml   lessons/   lessons.safetensors   voice.json   log.jsonl   checkpoints/   sound/   report.html   comparison.json
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from tingshuo.config import VoiceConfig
from tingshuo.data.features import FeatureConfig
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.layers.cost import count_parameters
from tingshuo.port.nets import ACOUSTIC, VoiceNets
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.train import loop
from tingshuo.train.aligner import Aligner, bundled_aligner
from tingshuo.train.checkpoint import has_checkpoint
from tingshuo.train.config import CONFIG_FILE, read_yaml
from tingshuo.train.distill import FRESH_RATE, WIDTHS
from tingshuo.train.distill_voice import BYTES_PER_PARAMETER, COMPARISON, LESSONS, Shrunk, best_student, run_folder, teach
from tingshuo.train.imported_config import BEGUN_RATE, ImportedConfig
from tingshuo.train.imported_corpus import Corpus, make_corpus
from tingshuo.train.imported_lessons import make_plan, record, recorded
from tingshuo.train.imported_measure import compare_imported
from tingshuo.train.imported_publish import check_people, describe, write_student
from tingshuo.train.imported_student import Prepared, at_their_tempo, choose_sizes, prepare_student
from tingshuo.train.imported_teacher import Teacher, check_teacher, count
from tingshuo.train.imported_vocoder import teach_vocoder
from tingshuo.train.lessons import Lessons
from tingshuo.train.lessons_texts import read_texts
from tingshuo.train.light_lessons import FOLDER, PLAN, Plan
from tingshuo.train.publish import read_nets
from tingshuo.train.run_folder import VOICE, Learnt
from tingshuo.train.shrink import check_destination
from tingshuo.train.told import Tell, Told

SOUND = "sound"
"""Folder of the vocoder's training in a run."""
SECONDS_PER_TEXT = 4.0
VOCODER_PARAMETERS = 17_000_000
"""Of a vocoder and its critics, at most."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Who teaches whom, where: ``base`` is the voice that the student begins as, with its nets and aligner."""

    teacher: Teacher
    base: Bundle
    nets: VoiceNets
    aligner: Aligner | None
    sizes: FastSpeechConfig
    config: ImportedConfig
    run: Path
    told: Told

    def corpus(self, plan: Plan) -> Corpus:
        """Return what the teacher has said as a corpus."""
        said = recorded(self.run / FOLDER)
        features, progress = FeatureConfig(mel=self.base.config.mel), self.told.counter("features")
        return make_corpus(said, self.teacher, features, self.run / FOLDER, self.aligner, progress, len(plan.tasks))


def distill_imported(
    voice: Path,
    destination: Path,
    config: ImportedConfig,
    base: Path,
    data: Path | None = None,
    *,
    run: Path | None = None,
    resume: bool = False,
    tell: Tell | None = None,
) -> Shrunk:
    """Teach a student of a voice of any family, and write it as a bundle of ours.

    Parameters
    ----------
    voice : Path
        A bundle that speaks Mandarin.
    destination : Path
        The new bundle; must not be there.
    config : ImportedConfig
        Who of it, size, texts, losses, steps.
    base : Path
        The built-in voice: what the student begins as, and whose vocoder it gets.
    data : Path or None
        Texts, see `tingshuo.train.lessons_texts.read_texts`; a resumed run has its own.
    run : Path or None
        Folder of the training; `run_folder` of the destination without it.
    resume : bool
        Go on with a run that was interrupted at any moment, or with more steps than it had.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    BundleError
        The teacher is encrypted, or a person in it has not agreed.
    PortError
        It does not speak, or no Mandarin.
    RequestError
        An unknown size, speaker, style or emotion, or no texts.
    TrainError
        No such student, nothing to learn from, or the run cannot be begun or resumed.
    OutputError
        The destination is there, or the disk is full.
    """
    run = run or run_folder(destination)
    work = _begin(open_bundle(voice), config, open_bundle(base), run, Told(tell))
    _check_begin(run, resume)
    check_destination(destination, _bytes_needed(work))
    torch.set_num_threads(config.loop.threads or usable_cpus())
    replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
    plan = _plan(work, data)
    record(work.teacher, plan, run / FOLDER, work.told.counter("lessons"))
    ready, resumed = _prepare(work, plan), has_checkpoint(run)
    result = teach(ready.net, ready.lessons, work.teacher.bundle, work.config, run, resumed, work.told, imported=True)
    if not result.finished:
        return Shrunk(result.step, False, result.best, None, None)
    learnt = [Learnt("acoustic", result.step, True, result.best)]
    vocoder = work.nets.vocoder
    if config.vocoder_steps:
        label = f"{work.base.manifest.name}@{work.base.manifest.version}"
        vocoder, heard = teach_vocoder(vocoder, work.corpus(plan).features, config, run / SOUND, label, work.told)
        learnt.append(heard)
        if not heard.finished:
            return Shrunk(result.step, False, result.best, None, None)
    return _publish(work, destination, ready, VoiceNets(best_student(run, ready.net.config), vocoder), learnt, plan, result)


def read_imported_config(run: Path) -> ImportedConfig:
    """Return the settings that a run was begun with.

    Raises
    ------
    ConfigError
        There are none, or they are of another kind of run.
    """
    return ImportedConfig.check(read_yaml(run / CONFIG_FILE), str(run / CONFIG_FILE))


def _begin(voice: Bundle, config: ImportedConfig, base: Bundle, run: Path, told: Told) -> _Work:
    """Look at everything that can be refused before any work."""
    teacher = check_teacher(voice, config)
    check_people(teacher)
    nets = read_nets(base)
    own = nets.acoustic.config
    sizes = choose_sizes(own, count_parameters(nets.vocoder), count(voice), config.size, config.sizes)
    if config.loop.rate == BEGUN_RATE and any(getattr(sizes, name) != getattr(own, name) for name in WIDTHS):
        config = config.replace(loop=config.loop.replace(rate=FRESH_RATE))
    return _Work(teacher, base, nets, bundled_aligner(base), sizes, config, run, told)


def _check_begin(run: Path, resume: bool) -> None:
    """Refuse to begin what has begun, and to go on with nothing; a run that was killed before its first step can go on."""
    begun = (run / FOLDER / PLAN).exists()
    if begun and not resume:
        raise TrainError(f"{run}: has a training already; add --resume to go on with it, or choose another folder")
    if not begun:
        loop.check_begin(run, resume)


def _bytes_needed(work: _Work) -> int:
    rates = work.teacher.bundle.settings.sample_rate, work.base.config.sample_rate
    parameters = count_parameters(work.nets.acoustic) + (VOCODER_PARAMETERS if work.config.vocoder_steps else 0)
    return round(work.config.texts * SECONDS_PER_TEXT * (2 * rates[0] + rates[1])) + parameters * BYTES_PER_PARAMETER


def _plan(work: _Work, data: Path | None) -> Plan:
    """Return who says what: as it was decided when the run was begun."""
    path, config = work.run / FOLDER / PLAN, work.config
    if path.exists():
        return Plan.read(path)
    texts = read_texts(data, config.texts, config.loop.seed, english=work.teacher.english)
    return make_plan(texts, work.teacher, config.loop.seed)


def _prepare(work: _Work, plan: Plan) -> Prepared:
    """Return the student and its lessons; of a run that has a checkpoint, as they lie there."""
    run = work.run
    if has_checkpoint(run):
        voice = VoiceConfig.read(run / VOICE)
        own = {key.removeprefix(f"{ACOUSTIC}."): size for key, size in voice.architecture.items() if key.startswith(ACOUSTIC)}
        return Prepared(FastSpeech(FastSpeechConfig.check(own, str(run / VOICE))).eval(), Lessons.load(run / LESSONS), voice)
    corpus = work.corpus(plan)
    work.told("narrow", 0.0)
    ready = prepare_student(work.base.config, work.nets, work.sizes, work.teacher, corpus, work.config.loop.seed)
    ready.lessons.save(run / LESSONS)
    replace_file(run / VOICE, json.dumps(ready.voice.fields(), ensure_ascii=False, indent=1).encode())
    return ready


def _publish(
    work: _Work, destination: Path, ready: Prepared, nets: VoiceNets, learnt: list[Learnt], plan: Plan, result: loop.Result
) -> Shrunk:
    """Write the student, measure it beside its teacher, and keep the table in the run's folder."""
    work.told("publish", 0.0)
    voice = ready.voice.replace(styles=at_their_tempo(nets.acoustic, ready.lessons, ready.voice.styles))
    said = describe(destination, work.teacher, work.base, work.config, len(ready.lessons))
    texts = [task.text for task in plan.tasks]
    made = write_student(destination, voice, nets, said, work.teacher, work.base, learnt, work.aligner, texts)
    work.told("measure", 0.0)
    comparison = compare_imported(work.teacher, made, work.aligner)
    replace_file(work.run / COMPARISON, json.dumps(comparison.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
    return Shrunk(result.step, True, result.best, made, comparison)
