"""From a voice to the same voice with a light vocoder: it speaks, a small net learns to sound alike, and both are measured.

No recordings are needed: what teaches are the frames that the voice's vocoder is given and the samples that it makes of them. So
it works for imported voices too, whose frames may be a picture that nobody else can read. A run folder beside the new bundle
holds the work::

    config.yaml   lessons/   log.jsonl   checkpoints/   samples/   report.html   comparison.json
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml

from tingshuo.config import FrameConfig, MelConfig
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import PortError, TrainError
from tingshuo.models.layers.mel import log_mel
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.graphs import graphs as vocos_graphs
from tingshuo.models.vocos.net import Vocos
from tingshuo.store.atomic import replace_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks.evaluate.sentences import SENTENCES
from tingshuo.tasks.tts import Voice
from tingshuo.train import loop
from tingshuo.train.checkpoint import AVERAGE, BEST, LAST, has_checkpoint, load_checkpoint
from tingshuo.train.config import CONFIG_FILE, FREE_TO_CHANGE, flatten, read_yaml
from tingshuo.train.distill_voice import COMPARISON, run_folder
from tingshuo.train.lessons_texts import read_texts
from tingshuo.train.light_config import LightConfig, student_sizes
from tingshuo.train.light_lessons import FOLDER, PLAN, Lessons, Plan, make_plan, read_lessons, record
from tingshuo.train.light_measure import OPINION, as_table, figures, heard_mel, measure
from tingshuo.train.light_publish import export_student, write_light
from tingshuo.train.light_teacher import GRAPH, Settings, check_teacher, columns_of, cost, frames_of, light_settings, teacher_cost
from tingshuo.train.report import Sample, save_sample, write_report
from tingshuo.train.shrink import averaged, check_destination
from tingshuo.train.shrink_measure import Comparison
from tingshuo.train.told import Tell, Told
from tingshuo.train.vocoder import VocoderRecipe

SECONDS_PER_TEXT = 4.0
BYTES_PER_PARAMETER = 3 * 16
"""Three checkpoints of net, average and two moments."""
CRITIC_PARAMETERS = 10_000_000
SHOWN = 3
"""Sentences that the report plays."""


@dataclass(frozen=True, slots=True)
class Lightened:
    """How it ended.

    ``best`` is the held-out loss. ``comparison`` is None after an interruption, ``bundle`` also when the student is not good
    enough, which ``refusal`` says, with what to do.
    """

    step: int
    finished: bool
    best: float | None
    bundle: Path | None = None
    comparison: Comparison | None = None
    refusal: str = ""


def lighten_vocoder(
    voice: Path,
    destination: Path,
    config: LightConfig,
    data: Path | None = None,
    *,
    run: Path | None = None,
    resume: bool = False,
    tell: Tell | None = None,
) -> Lightened:
    """Teach a light vocoder for a voice from its own speech, and write the voice with it as a new bundle.

    Parameters
    ----------
    voice : Path
        A bundle that speaks, of any family with a vocoder; it is not changed.
    destination : Path
        The new bundle; must not be there.
    config : LightConfig
        Size, texts, losses, steps, and how near it must come.
    data : Path or None
        Texts, see `tingshuo.train.lessons_texts.read_texts`; a resumed run has its lessons already.
    run : Path or None
        Folder of the training; `run_folder` of the destination without it.
    resume : bool
        Go on with a run that was interrupted, or with more steps than it had.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    PortError
        It does not speak, has no vocoder apart, or one that is as light already.
    BundleError
        It is encrypted.
    RequestError
        An unknown size, or no texts.
    TrainError
        The run cannot be begun or resumed.
    OutputError
        The destination is there, or the disk is full.
    """
    told, run = Told(tell), run or run_folder(destination)
    bundle = open_bundle(voice)
    settings = check_teacher(bundle)
    graphs = Voice(bundle, precision="fp32", engine="onnx").graphs
    frames = frames_of(settings)
    sizes = student_sizes(config, columns_of(settings, graphs[GRAPH]), frames.hop_length)
    _check_lighter(bundle, settings, sizes)
    _check_begin(run, resume)
    check_destination(destination, _bytes_needed(config, frames, sizes, bundle))
    torch.set_num_threads(config.loop.threads or usable_cpus())
    replace_file(run / CONFIG_FILE, yaml.safe_dump(config.fields(), allow_unicode=True, sort_keys=False).encode())
    plan = _plan(bundle, settings, run, config, data)
    record(bundle, settings, graphs, plan, run / FOLDER, told.counter("lessons"))
    lessons = read_lessons(run / FOLDER, settings, sizes)
    result = teach(bundle, lessons, sizes, config, run, told)
    if not result.finished:
        return Lightened(result.step, False, result.best)
    told("measure", 0.0)
    student, light = export_student(best_student(run, sizes)), light_settings(settings, sizes)
    comparison = measure(bundle, settings, light, graphs, student, SENTENCES)
    replace_file(run / COMPARISON, json.dumps(comparison.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
    refusal = judge(comparison, config, run, result.step)
    if refusal:
        return Lightened(result.step, True, result.best, None, comparison, refusal)
    told("publish", 0.0)
    learnt = (
        f"Its vocoder is a light one that has learnt from the speech of {bundle.manifest.name} {bundle.manifest.version} itself, "
        f"{len(plan.tasks)} texts, for {result.step} steps; no recording was used."
    )
    made = write_light(destination, bundle, light, student, graphs, learnt, figures(comparison), as_table(comparison))
    return Lightened(result.step, True, result.best, made, comparison)


def read_light_config(run: Path) -> LightConfig:
    """Return the settings that a run was begun with.

    Raises
    ------
    ConfigError
        There are none, or they are of another kind of run.
    """
    return LightConfig.check(read_yaml(run / CONFIG_FILE), str(run / CONFIG_FILE))


def teach(bundle: Bundle, lessons: Lessons, sizes: VocosConfig, config: LightConfig, run: Path, told: Told) -> loop.Result:
    """Train a student, with checkpoints, log, samples and report in ``run``; goes on where that has a checkpoint."""
    torch.manual_seed(config.loop.seed)
    recipe = VocoderRecipe(Vocos(sizes), lessons.features, config.vocoder, config.loop, cutter=lessons.cut)
    settings = {key: value for key, value in flatten(config.fields()).items() if not key.startswith((*FREE_TO_CHANGE, "limit_"))}
    label = f"{bundle.manifest.name}@{bundle.manifest.version}"
    identity = {**settings, "teacher": label, "student": sizes.fields(), "lessons": lessons.key}

    def watch(seen: loop.Progress) -> None:
        told("teach", seen.done, f"step {seen.step}, mel {seen.losses['mel']:.3f}")

    result = loop.fit(recipe, run, config.loop, identity, resume=has_checkpoint(run), watch=watch)
    for sample in _samples(best_student(run, sizes), lessons, result.step):
        save_sample(run, sample)
    write_report(run)
    return result


def best_student(run: Path, sizes: VocosConfig) -> Vocos:
    """Return the averaged student of a run's best checkpoint, or of its last where none was judged."""
    tensors, _ = load_checkpoint(run, BEST if (run / "checkpoints" / BEST).is_dir() else LAST)
    net = Vocos(sizes)
    net.load_state_dict(averaged(tensors, AVERAGE))
    return net.eval()


def judge(comparison: Comparison, config: LightConfig, run: Path, step: int) -> str:
    """Return why a student is not good enough and how to go on; nothing when it is."""
    faults = []
    apart = comparison["mel_nepers"].after
    if not np.isfinite(apart):
        faults.append("cannot be judged, as the voice is silent")
    elif apart > config.limit_nepers:
        faults.append(f"is {apart:.2f} nepers from the vocoder that taught it, the limit is {config.limit_nepers:g}")
    for row in comparison.rows:
        if row.key == OPINION and row.before is not None and row.before - row.after > config.limit_opinion:
            fallen = f"{row.before:.2f} to {row.after:.2f}"
            faults.append(f"lets DNSMOS fall from {fallen}, and it may lose {config.limit_opinion:g}")
    if not faults:
        return ""
    return (
        f"after {step} steps the light vocoder {' and '.join(faults)}; no bundle was written: go on with "
        f"--resume --steps {2 * step}, or listen to the samples in {run / 'report.html'}"
    )


def _check_lighter(bundle: Bundle, settings: Settings, sizes: VocosConfig) -> None:
    with torch.device("meta"):
        net = Vocos(sizes)
    old, new = teacher_cost(bundle, settings), cost(vocos_graphs(net)[0], frames_of(settings))
    if new.macs_per_s >= old.macs_per_s:
        raise PortError(
            f"{bundle.path}: its vocoder makes a second of speech with {old.macs_per_s / 1e9:.3g} G multiplications, and the "
            f"student would need {new.macs_per_s / 1e9:.3g}; choose a smaller one, or leave the voice as it is"
        )


def _check_begin(run: Path, resume: bool) -> None:
    """Refuse to begin what has begun, and to go on with nothing; a run that was killed before its first step can go on."""
    begun = (run / FOLDER / PLAN).exists()
    if resume and begun:
        return
    if begun:
        raise TrainError(f"{run}: has a training already; add --resume to go on with it, or choose another folder")
    loop.check_begin(run, resume)


def _bytes_needed(config: LightConfig, frames: FrameConfig, sizes: VocosConfig, bundle: Bundle) -> int:
    a_second = 2 * frames.sample_rate + 2 * sizes.mels * frames.sample_rate // frames.hop_length
    with torch.device("meta"):
        parameters = sum(one.numel() for one in Vocos(sizes).parameters()) + CRITIC_PARAMETERS
    whole = sum(entry.size for entry in bundle.manifest.files.values())
    return round(config.texts * SECONDS_PER_TEXT * a_second) + parameters * BYTES_PER_PARAMETER + whole


def _plan(bundle: Bundle, settings: Settings, run: Path, config: LightConfig, data: Path | None) -> Plan:
    """Return who says what: as it was decided when the run was begun."""
    path = run / FOLDER / PLAN
    if path.exists():
        return Plan.read(path)
    english = any(language.startswith("en") for language in bundle.manifest.languages)
    texts = read_texts(data, config.texts, config.loop.seed, english=english)
    return make_plan(texts, settings, bundle.manifest.emotions, config.loop.seed)


@torch.no_grad()
def _samples(net: Vocos, lessons: Lessons, step: int) -> Sequence[Sample]:
    """Return held-out sentences as the teacher and as the student make them."""
    features, samples = lessons.features, []
    mel: MelConfig = features.config.mel
    shown = heard_mel(FrameConfig(mel.sample_rate, mel.hop_length))
    held = [index for index, clip in enumerate(features.clips) if clip.split == "dev"] or [0]
    for index in held[:SHOWN]:
        clip = features.clips[index]
        whole = lessons.cut(features, features.clips, np.array([[index, 0]]), clip.frames, torch.device("cpu"))
        wav = net.synthesize(whole.mel)
        samples.append(
            Sample(
                name=clip.id,
                step=step,
                sample_rate=mel.sample_rate,
                hop_length=mel.hop_length,
                mel_target=log_mel(whole.wav, shown)[0].numpy(),
                mel_predicted=log_mel(wav, shown)[0].numpy(),
                wav_target=features.wav_of(clip),
                wav_predicted=wav[0].clamp(-1, 1).numpy(),
            )
        )
    return samples
