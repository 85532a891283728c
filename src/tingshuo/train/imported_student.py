"""The student of an imported voice before its first step: how large it is, what it begins as, and what it shall answer.

It begins as the acoustic model of the built-in voice, narrowed where it has to be small, with rows for the teacher's speakers,
styles and emotions (`tingshuo.train.start`): a net with random weights would need days for what that one knows of Mandarin. Above
half of the teacher's sample rate it learns what the built-in voice says there, brought to the teacher's level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.config import StyleConfig, VoiceConfig
from tingshuo.data.features import FeatureConfig, Features
from tingshuo.errors import TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.nets import VoiceNets
from tingshuo.text.symbols import ALL_PHONES, PHONES
from tingshuo.train.config import AcousticConfig, BundleConfig, TrainConfig
from tingshuo.train.distill import answer, make_batch, make_student
from tingshuo.train.distill_sizes import SIZES, largest_within
from tingshuo.train.examples import Example, Tables
from tingshuo.train.examples import make_batch as make_heard
from tingshuo.train.imported_corpus import Corpus
from tingshuo.train.imported_teacher import Parameters, Teacher
from tingshuo.train.lessons import Lessons, graph_inputs
from tingshuo.train.start import Start, start_from
from tingshuo.train.tempo import BELIEVED, FEW, MANY
from tingshuo.train.voice import describe_voice

Array = NDArray[Any]
HOLD = 0.1
"""How much the output layer is held to what it was while it is fitted to the teacher's speech, before anything is learnt."""
FRAMEWISE_SENTENCES = 48
"""Sentences whose frames the least squares of a narrowed decoder are solved on."""
SURE = 6.0
"""Logit of a frame whose voicing was heard, not predicted: 0.25 % of doubt."""
CPU = torch.device("cpu")


def choose_sizes(
    base: FastSpeechConfig, vocoder_parameters: int, teacher: Parameters, size: str, sizes: Mapping[str, int]
) -> FastSpeechConfig:
    """Choose the sizes of a student: at most half of its teacher's parameters, in all and without the vocoders.

    Parameters
    ----------
    base : FastSpeechConfig
        Of the net that it begins as; no size is above that one's.
    vocoder_parameters : int
        Of the student's vocoder.
    teacher : Parameters
        Of the teacher.
    size : str
        A key of `tingshuo.train.distill_sizes.SIZES`, which says another share than half.
    sizes : Mapping[str, int]
        Exact sizes, see `tingshuo.train.distill_sizes.student_config`.

    Raises
    ------
    RequestError
        An unknown size, or one above that of the net that it begins as.
    TrainError
        No size is small enough, or those given are not.
    """
    share = SIZES[size][0] if size in SIZES and not sizes else SIZES["small"][0]
    most = int(share * teacher.whole) - vocoder_parameters
    if teacher.acoustic is not None:
        most = min(most, int(share * teacher.acoustic))
    return largest_within(base, most, size, sizes, f"{teacher.whole} in all, of which {share:g} must hold the vocoder too")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A student that is ready to learn: its net, its lessons, and the voice that it will be."""

    net: FastSpeech
    lessons: Lessons
    voice: VoiceConfig


def prepare_student(
    base: VoiceConfig, nets: VoiceNets, sizes: FastSpeechConfig, teacher: Teacher, corpus: Corpus, seed: int
) -> Prepared:
    """Make a student and its lessons.

    Parameters
    ----------
    base, nets : VoiceConfig, VoiceNets
        The voice that it begins as; the vocoder is its own.
    sizes : FastSpeechConfig
        From `choose_sizes`.
    teacher : Teacher
        Whose speakers, styles and emotions it gets.
    corpus : Corpus
        What the teacher said.
    seed : int
        Of what is random.

    Raises
    ------
    TrainError
        The voice to begin as speaks other phones, or has emotions of its own.
    """
    if base.phonemes not in (PHONES, ALL_PHONES) or base.emotions:
        raise TrainError("a student of an imported voice begins as the built-in one, and this is another; leave it out")
    _check_heard(teacher, corpus)
    settings = train_config(base, teacher)
    start = start_from(base, nets, settings, corpus.features, corpus.examples)
    lessons = to_lessons(start, corpus)
    tables = {key: getattr(start.net.config, key) for key in ("phonemes", "tones", "speakers", "styles", "emotions")}
    whole = describe_voice(start, settings, nets.vocoder)
    net = _narrowed(start, whole, nets, sizes.replace(**tables), lessons, seed)
    return Prepared(net, lessons, describe_voice(replace(start, net=net), settings, nets.vocoder))


def _check_heard(teacher: Teacher, corpus: Corpus) -> None:
    """Refuse to go on without a speaker or a manner that was asked for."""
    clips = [example.clip for example in corpus.examples]
    there = {clip.speaker for clip in clips}, {(clip.style, clip.emotion) for clip in clips}
    lacking = [one.name for one in teacher.speakers if one.name not in there[0]]
    manners = [teacher.manner(style.name, "neutral")[0] for style in teacher.styles]
    lacking += [name for name in manners if name not in {style for style, _ in there[1]}]
    lacking += [name for name in teacher.emotions if name not in {one for pair in there[1] for one in pair}]
    if lacking:
        raise TrainError(
            f"nothing that could be learnt from was heard of {', '.join(lacking)} of {teacher.bundle.manifest.name}; give more "
            "texts, with --texts or --data, or ask for less"
        )


def train_config(base: VoiceConfig, teacher: Teacher) -> TrainConfig:
    """Return what `tingshuo.train.start` is told of a training that begins as a finished voice."""
    genders = {one.name: one.gender for one in teacher.speakers}
    return TrainConfig(
        features=FeatureConfig(mel=base.mel),
        acoustic=AcousticConfig(upper_bands=True, hold=HOLD),
        bundle=BundleConfig(genders=genders),
    )


def to_lessons(start: Start, corpus: Corpus) -> Lessons:
    """Return what a teacher said as lessons: what was heard takes the place of what one of our own teachers answers."""
    tables = start.tables(corpus.features)
    wide = next((one.shape[1] for one in corpus.hidden.values()), 0)
    rows = [_row(corpus.features, example, tables, corpus.hidden, wide, start) for example in corpus.examples]
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    borders = {
        f"{kind}_borders": np.cumsum([0, *(len(row[of]) for row in rows)]) for kind, of in (("phone", "ids"), ("frame", "f0"))
    }
    return Lessons(**joined, **borders)


def _row(
    features: Features, example: Example, tables: Tables, hidden: Mapping[str, Array], wide: int, start: Start
) -> dict[str, Array]:
    batch = make_heard(features, [example], tables, CPU)
    f0, unvoiced, energy = (one[0].numpy() for one in (batch.f0, batch.unvoiced, batch.energy))
    voiced = np.flatnonzero(unvoiced == 0)
    # Where nobody heard a pitch, the way from one voice to the next is as good as any: the predictor is asked there too.
    melody = np.interp(np.arange(len(f0)), voiced, f0[voiced]) if len(voiced) else f0
    columns = [melody, np.where(unvoiced > 0, SURE, -SURE), *([energy] if start.net.config.energy else [])]
    phones = example.phones
    return {
        "ids": phones.ids,
        "tones": phones.tones,
        "positions": phones.positions,
        "durations": example.durations,
        "hidden": hidden.get(example.clip.id, np.zeros((len(phones.ids), wide))).astype(np.float16),
        "log_duration": np.log(example.durations).astype(np.float16),
        "f0": f0.astype(np.float16),
        "unvoiced": unvoiced.astype(np.float16),
        "energy": energy.astype(np.float16) if start.net.config.energy else np.zeros(len(f0), np.float16),
        "pitch": np.stack(columns, 1).astype(np.float16),
        "mel": batch.mel[0].T.numpy().astype(np.float16),
        "speakers": batch.speaker.numpy(),
        "styles": batch.style.numpy(),
        "emotions": batch.emotion.numpy(),
    }


@torch.no_grad()
def _narrowed(
    start: Start, voice: VoiceConfig, nets: VoiceNets, sizes: FastSpeechConfig, lessons: Lessons, seed: int
) -> FastSpeech:
    """Return the net to begin with at its size: the same where it may be as large, else narrowed by least squares."""
    if sizes == start.net.config:
        return start.net
    rows = [
        start.net.encode(*(torch.from_numpy(getattr(lessons, name)[None, where]) for name in ("ids", "tones", "positions")))
        for where in map(lessons.phones_of, range(len(lessons)))
    ]
    own = replace(lessons, hidden=np.concatenate([one[0].numpy() for one in rows]).astype(np.float16))
    tables = {name: start.net.state_dict()[name].numpy() for name in ("style.weight", "speaker.weight")}
    seen = graph_inputs(own, voice, tables, FRAMEWISE_SENTENCES)
    return make_student(VoiceNets(start.net, nets.vocoder), sizes, seen, seed)


@torch.no_grad()
def at_their_tempo(net: FastSpeech, lessons: Lessons, styles: Sequence[StyleConfig]) -> tuple[StyleConfig, ...]:
    """Return styles at the tempo in which the teacher spoke them; one that it hardly spoke keeps the tempo that it has.

    A net that learns logarithms of durations tells their mean, whose exponential is less than the mean
    (`tingshuo.train.tempo`).
    """
    timed = []
    for row, style in enumerate(styles):
        mine = np.flatnonzero(lessons.styles == row)[:MANY]
        if len(mine) < FEW:
            timed.append(style)
            continue
        batches = [make_batch(lessons, [sentence], CPU) for sentence in mine]
        said = sum(float((answer(net, one).log_duration.exp() * (one.positions > 0)).sum()) for one in batches)
        heard = sum(float((lessons.durations[where] * (lessons.positions[where] > 0)).sum()) for where in
                    map(lessons.phones_of, mine.tolist()))  # fmt: skip
        timed.append(style.replace(tempo=round(float(np.clip(said / heard, *BELIEVED)), 3)))
    return tuple(timed)
