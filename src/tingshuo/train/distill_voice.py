"""From a voice to a smaller one: the teacher speaks, a student learns to answer alike, and both are measured side by side.

A run folder beside the new bundle holds the work::

    config.yaml   lessons.safetensors   log.jsonl   checkpoints/   report.html   comparison.json
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets
from tingshuo.port.voice import ACOUSTIC_WEIGHTS
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.sealing import readable
from tingshuo.tasks.voices import load
from tingshuo.text.symbols import has_english
from tingshuo.train import loop
from tingshuo.train.checkpoint import AVERAGE, BEST, LAST, load_checkpoint
from tingshuo.train.config import CONFIG_FILE, FREE_TO_CHANGE, flatten, read_yaml
from tingshuo.train.distill import DistillConfig, DistillRecipe, make_student, rate_for
from tingshuo.train.distill_sizes import student_config
from tingshuo.train.lessons import Lessons, graph_inputs, record_lessons
from tingshuo.train.lessons_texts import read_texts
from tingshuo.train.publish import read_nets
from tingshuo.train.report import write_report
from tingshuo.train.shrink import averaged, check_destination, write_smaller
from tingshuo.train.shrink_measure import Comparison, compare

LESSONS, COMPARISON = "lessons.safetensors", "comparison.json"
FRAMEWISE_SENTENCES = 48
"""Sentences whose frames the least squares of a narrowed decoder and vocoder are solved on."""
BYTES_PER_TEXT = 250 * (200 + 12) + 25 * 600
"""Of lessons: 250 frames of mel and contours, 25 phones of hidden features, in half precision."""
BYTES_PER_PARAMETER = 3 * 16
"""Three checkpoints of net, average and two moments."""
AFTERWARDS = ("licence", "vocoder_steps")
"""Keys of a config that decide on nothing before the student has been taught."""
Tell = Callable[[str, float, str], None]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """How it ended: ``bundle`` and ``comparison`` are None after an interruption, ``best`` is the held-out loss."""

    step: int
    finished: bool
    best: float | None
    bundle: Path | None
    comparison: Comparison | None


def distill_voice(
    teacher: Path,
    destination: Path,
    config: DistillConfig,
    data: Path | None = None,
    *,
    run: Path | None = None,
    resume: bool = False,
    tell: Tell | None = None,
) -> Shrunk:
    """Teach a student of a voice and write it as a bundle with the teacher's vocoder.

    Parameters
    ----------
    teacher : Path
        A bundle.
    destination : Path
        The new bundle; must not be there.
    config : DistillConfig
        Size, texts, losses, steps; its rate is for a student that begins narrowed, another gets `rate_for` it.
    data : Path or None
        Texts, see `tingshuo.train.lessons_texts.read_texts`; a resumed run has its lessons already.
    run : Path or None
        Folder of the training; `run_folder` of the destination without it.
    resume : bool
        Go on with a run that was interrupted.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    PortError
        The teacher is of a family that cannot be rebuilt.
    TrainError
        No such student, nothing to learn from, or the run cannot be begun or resumed.
    OutputError
        The destination is there, or the disk is full.
    """
    tell, run = tell or _silent, run or run_folder(destination)
    bundle = readable(open_bundle(teacher))
    nets = read_nets(bundle)
    sizes = student_config(nets.acoustic.config, config.size, config.sizes)
    if config.loop.rate == DistillConfig().loop.rate:
        config = config.replace(loop=config.loop.replace(rate=rate_for(sizes, nets.acoustic.config)))
    loop.check_begin(run, resume)
    parameters = sum(parameter.numel() for parameter in nets.acoustic.parameters())
    check_destination(destination, config.texts * BYTES_PER_TEXT + parameters * BYTES_PER_PARAMETER)
    torch.set_num_threads(config.loop.threads or usable_cpus())
    lessons = lessons_of(bundle, run, config, data, resume, tell)
    student = begin_student(nets, sizes, bundle, lessons, config, resume, tell)
    result = teach(student, lessons, bundle, config, run, resume, tell)
    if not result.finished:
        return Shrunk(result.step, False, result.best, None, None)
    how = f"the acoustic model is a {config.size} student of it, taught for {result.step} steps."
    return publish_shrunk(bundle, destination, run, VoiceNets(best_student(run, sizes), nets.vocoder), how, result, tell)


def run_folder(destination: Path) -> Path:
    """Return where the work on a bundle is kept: beside it."""
    return destination.with_name(f"{destination.name}.run")


def lessons_of(bundle: Bundle, run: Path, config: DistillConfig, data: Path | None, resume: bool, tell: Tell) -> Lessons:
    """Let the teacher speak, or read what it said when the run was begun."""
    path = run / LESSONS
    if resume and path.exists():
        return Lessons.load(path)
    texts = read_texts(data, config.texts, config.loop.seed, english=has_english(bundle.config.phonemes))
    run.mkdir(parents=True, exist_ok=True)
    graphs = load(bundle.path, precision="fp32", threads=1).graphs
    tables = bundle.tensors(ACOUSTIC_WEIGHTS)
    lessons = record_lessons(
        graphs, bundle.config, tables, texts, config.loop.seed, lambda done, total: tell("lessons", done / total, "")
    )
    lessons.save(path)
    return lessons


def begin_student(
    nets: VoiceNets, sizes: FastSpeechConfig, bundle: Bundle, lessons: Lessons, config: DistillConfig, resume: bool, tell: Tell
) -> FastSpeech:
    """Return a student that is ready to learn; of a resumed run, one that a checkpoint is about to fill."""
    if resume:
        return FastSpeech(sizes).eval()
    tell("narrow", 0.0, "")
    seen = graph_inputs(lessons, bundle.config, bundle.tensors(ACOUSTIC_WEIGHTS), FRAMEWISE_SENTENCES)
    return make_student(nets, sizes, seen, config.loop.seed)


def teach(
    student: FastSpeech, lessons: Lessons, bundle: Bundle, config: DistillConfig, run: Path, resume: bool, tell: Tell,
    *, imported: bool = False,
) -> loop.Result:  # fmt: skip
    """Train a student in place, with checkpoints, log and report in ``run``; ``imported`` as for `DistillRecipe`."""
    replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
    with (run / LESSONS).open("rb") as file:
        key = hashlib.file_digest(file, "sha256").hexdigest()
    settings = {k: v for k, v in flatten(config.fields()).items() if not k.startswith((*FREE_TO_CHANGE, *AFTERWARDS))}
    manifest = bundle.manifest
    identity = {
        **settings, "teacher": f"{manifest.name}@{manifest.version}", "student": student.config.fields(), "lessons": key
    }  # fmt: skip

    def watch(seen: loop.Progress) -> None:
        tell("teach", seen.done, f"step {seen.step}, mel {seen.losses['mel']:.3f}")

    recipe = DistillRecipe(student, lessons, config, imported=imported)
    result = loop.fit(recipe, run, config.loop, identity, resume=resume, watch=watch)
    write_report(run)
    return result


def read_run_config(run: Path) -> DistillConfig:
    """Return the settings that a run was begun with.

    Raises
    ------
    ConfigError
        There are none, or they are of another kind of run.
    """
    return DistillConfig.check(read_yaml(run / CONFIG_FILE), str(run / CONFIG_FILE))


def best_student(run: Path, sizes: FastSpeechConfig) -> FastSpeech:
    """Return the averaged student of a run's best checkpoint, or of its last where none was judged."""
    tensors, _ = load_checkpoint(run, BEST if (run / "checkpoints" / BEST).is_dir() else LAST)
    net = FastSpeech(sizes)
    net.load_state_dict(averaged(tensors, AVERAGE))
    return net.eval()


def publish_shrunk(
    bundle: Bundle, destination: Path, run: Path | None, nets: VoiceNets, how: str, result: loop.Result | None, tell: Tell
) -> Shrunk:
    """Write the smaller voice, measure it beside the one it was made from, and keep the table in the run's folder."""
    tell("publish", 0.0, "")
    rounded = _as_shipped(nets)
    written = write_smaller(destination, bundle, rounded, how)
    tell("measure", 0.0, "")
    comparison = compare(bundle.path, written)
    if run is not None:
        replace_file(run / COMPARISON, json.dumps(comparison.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
    steps, best = (result.step, result.best) if result is not None else (0, None)
    return Shrunk(steps, True, best, written, comparison)


def _as_shipped(nets: VoiceNets) -> VoiceNets:
    """Round weights to half precision, as a bundle holds them, so that the graphs are judged against what they hold."""
    for net in (nets.acoustic, nets.vocoder):
        state: Mapping[str, Any] = {name: value.half().float() for name, value in net.state_dict().items()}
        net.load_state_dict(state)
    return nets


def _silent(stage: str, done: float, note: str) -> None:
    """Tell nobody."""
