"""From a voice to a narrower one: hidden features of its blocks are dropped by least squares, then made up for by learning.

What the encoder, decoder and vocoder of a voice give up is chosen on sentences that it speaks itself, see
`tingshuo.port.prune`. With steps, the narrowed acoustic model is then taught by the voice as it was; the vocoder is not.
"""

from pathlib import Path

import torch

from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import RequestError
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets
from tingshuo.port.prune import prune_voice
from tingshuo.port.voice import ACOUSTIC_WEIGHTS
from tingshuo.store.bundle import open_bundle
from tingshuo.store.sealing import readable
from tingshuo.tasks.voices import load
from tingshuo.text.symbols import has_english
from tingshuo.train import loop
from tingshuo.train.distill import DistillConfig
from tingshuo.train.distill_voice import (
    BYTES_PER_PARAMETER,
    BYTES_PER_TEXT,
    FRAMEWISE_SENTENCES,
    Shrunk,
    Tell,
    best_student,
    lessons_of,
    publish_shrunk,
    run_folder,
    teach,
)
from tingshuo.train.lessons import graph_inputs, record_lessons
from tingshuo.train.lessons_texts import read_texts
from tingshuo.train.publish import read_nets
from tingshuo.train.shrink import check_destination

PRUNE_TEXTS = 300
"""Some thousand phonemes, which the least squares of the encoder need."""
LEAST, MOST = 0.05, 0.99


def prune_bundle(
    voice: Path,
    destination: Path,
    keep: float,
    config: DistillConfig | None = None,
    data: Path | None = None,
    *,
    texts: int = PRUNE_TEXTS,
    threads: int = 0,
    resume: bool = False,
    tell: Tell | None = None,
) -> Shrunk:
    """Narrow a voice and write it as a bundle.

    Parameters
    ----------
    voice : Path
        A bundle.
    destination : Path
        The new bundle; must not be there.
    keep : float
        Share of hidden features that each block keeps, `LEAST` to `MOST`.
    config : DistillConfig or None
        How the narrowed acoustic model is taught; None teaches nothing.
    data : Path or None
        Texts, see `tingshuo.train.lessons_texts.read_texts`.
    texts : int
        Spoken to choose by, when nothing is learnt afterwards.
    threads : int
        Of the processor, likewise; 0 is as many as there are.
    resume : bool
        Go on with a teaching that was interrupted.
    tell : callable or None
        Told the stage, its share done, and a word.

    Raises
    ------
    RequestError
        ``keep`` is out of its range.
    PortError
        The voice is of a family that cannot be rebuilt.
    TrainError
        Nothing to learn from, or the run cannot be begun or resumed.
    OutputError
        The destination is there, or the disk is full.
    """
    if not LEAST <= keep <= MOST:
        raise RequestError(f"keep is {keep:g}; accepted: {LEAST} to {MOST}, the share of hidden features that stay", "keep")
    tell = tell or (lambda stage, done, note: None)
    bundle = readable(open_bundle(voice))
    nets = read_nets(bundle)
    run = run_folder(destination)
    parameters = sum(parameter.numel() for parameter in nets.acoustic.parameters())
    if config is not None:
        loop.check_begin(run, resume)
    spoken = config.texts if config else texts
    check_destination(destination, spoken * BYTES_PER_TEXT + (parameters * BYTES_PER_PARAMETER if config else 0))
    torch.set_num_threads((config.loop.threads if config else threads) or usable_cpus())
    tables = bundle.tensors(ACOUSTIC_WEIGHTS)
    if config is not None:
        lessons = lessons_of(bundle, run, config, data, resume, tell)
    else:
        graphs = load(bundle.path, precision="fp32", threads=1).graphs
        lines = read_texts(data, texts, english=has_english(bundle.config.phonemes))
        lessons = record_lessons(graphs, bundle.config, tables, lines, 0, lambda k, n: tell("lessons", k / n, ""))
    tell("narrow", 0.0, "")
    seen = graph_inputs(lessons, bundle.config, tables, FRAMEWISE_SENTENCES)
    hidden = {name: max(1, round(keep * size)) for name, size in hidden_sizes(nets).items()}
    narrow = prune_voice(nets, seen, **hidden)
    how = f"hidden features were pruned to {keep:g} of what they were."
    if config is None:
        return publish_shrunk(bundle, destination, None, narrow, how, None, tell)
    student = FastSpeech(narrow.acoustic.config)
    student.load_state_dict(narrow.acoustic.state_dict())
    result = teach(student, lessons, bundle, config, run, resume, tell)
    if not result.finished:
        return Shrunk(result.step, False, result.best, None, None)
    taught = VoiceNets(best_student(run, student.config), narrow.vocoder)
    how = f"{how} The acoustic model was then taught by the voice as it was, for {result.step} steps."
    return publish_shrunk(bundle, destination, run, taught, how, result, tell)


def hidden_sizes(nets: VoiceNets) -> dict[str, int]:
    """Return the hidden features of what can be narrowed, as `tingshuo.port.prune.prune_voice` names them."""
    sizes = {"encoder_hidden": nets.acoustic.config.encoder_hidden, "decoder_hidden": nets.acoustic.config.decoder_hidden}
    vocoder = getattr(nets.vocoder.config, "hidden", None)
    return sizes if vocoder is None else sizes | {"vocoder_hidden": vocoder}
