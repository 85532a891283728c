"""Which state of which phone each frame of a clip is: from nothing by Gaussian mixtures, and once more by a net that was taught.

The mixtures know no tones, and hear fewer coefficients with their differences over time; what they find is told in states of
phones with tones, which is what the net learns.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mfcc import differences
from tingshuo.config.dnn import SILENCE
from tingshuo.engine.cpu import usable_cpus
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.mixtures import Mixtures
from tingshuo.models.hmm.topology import Path, path_of
from tingshuo.tasks.hybrid.network import states_of
from tingshuo.text.symbols import INITIALS, PAUSE, PHONES, make_syllable
from tingshuo.text.symbols import SILENCE as SILENT
from tingshuo.train.flat_start import Lesson, Scores, estimate
from tingshuo.train.hybrid_material import Clip, Material
from tingshuo.types import Word

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Hear = Callable[[Clip], Floats]

NOBODY = -1
"""The state of a frame that no aligned clip has."""
TOGETHER = 400
"""Clips that are aligned at a time, so that the features of a large corpus are never in memory all at once."""
SMOOTHING = 20.0
"""Frames that each state counts as heard more often than it was, so that what is rare is not likely for that alone."""


def path_of_syllables(syllables: Sequence[str], per_phone: int) -> Path:
    """Return the path of syllables through models without tones; a pause may follow any."""
    return path_of([Word(one, (make_syllable("", one),)) for one in syllables], per_phone)


def with_tones(path: Path, phones: Sequence[str]) -> Path:
    """Return a path through states of ``phones``, which are silence, initials, and finals with tones."""
    rows = {phone: row for row, phone in enumerate(phones)}
    said = []
    for phone, word in zip(path.phones.tolist(), path.word_index.tolist(), strict=True):
        name = PHONES[phone]
        tone = path.words[word].syllables[0].pinyin[-1] if word >= 0 else ""
        said.append(SILENCE if name in (SILENT, PAUSE) else name if name in INITIALS else f"{name}{tone}")
    return replace(path, states=states_of(said, rows, path.per_phone))


@dataclass(frozen=True, slots=True)
class Counts:
    """What an alignment says of the states: log probability of each, and the mean frames that it lasts, (S,) each."""

    priors: Floats
    durations: Floats


def flat_start(material: Material, config: HmmConfig, progress: Callable[[int, int], None] | None = None) -> Ints:
    """Align all clips with models that are taught on some of them from nothing.

    Returns
    -------
    NDArray
        (F,), the state of each frame of ``material.features``, `NOBODY` where a clip was left out.
    """
    frames = sum(clip.frames for clip in material.taught)
    step = max(1, round(frames * material.frame_s / config.train_s))
    chosen = material.taught[::step]
    heard = [_with_differences(material.heard(clip), config) for clip in chosen]
    deviation = np.sqrt(np.mean(np.concatenate(heard[:200]) ** 2, axis=0) + np.float32(1e-6))
    paths = [path_of_syllables(clip.syllables, config.states) for clip in chosen]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        lesson = Lesson([frames / deviation for frames in heard], paths, pool)
        del heard
        mixtures: Mixtures = estimate(lesson, config, PHONES, progress)
    return align(material, mixtures, config.states, lambda clip: _with_differences(material.heard(clip), config) / deviation)


def align(
    material: Material, models: Scores, per_phone: int, hear: Hear, *, tones: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Ints:  # fmt: skip
    """Return the state of each frame as `flat_start` does, found by models whose states are of phones with tones or without."""
    labels = np.full(len(material.features), NOBODY)
    known = set(material.units)
    clips = (*material.taught, *(clip for clip in material.held_out if known.issuperset(clip.syllables)))
    with ThreadPoolExecutor(usable_cpus()) as pool:
        for begin in range(0, len(clips), TOGETHER):
            some = clips[begin : begin + TOGETHER]
            plain = [path_of_syllables(clip.syllables, per_phone) for clip in some]
            toned = [with_tones(path, material.phones) for path in plain]
            lesson = Lesson([hear(clip) for clip in some], toned if tones else plain, pool)
            for clip, path, positions in zip(some, toned, lesson.best(models), strict=True):
                labels[clip.first : clip.first + clip.frames] = path.states[positions]
            if progress is not None:
                progress(min(begin + TOGETHER, len(clips)), len(clips))
    return labels


def count_states(material: Material, labels: Ints, per_phone: int) -> Counts:
    """Return how often each state is heard in the clips that teach, and how long it lasts."""
    states = len(material.phones) * per_phone
    heard, begun = np.zeros((2, states))
    for clip in material.taught:
        own = labels[clip.first : clip.first + clip.frames]
        own = own[own != NOBODY]
        heard += np.bincount(own, minlength=states)
        begun += np.bincount(own[np.flatnonzero(np.diff(own, prepend=NOBODY))], minlength=states)
    often = heard + SMOOTHING
    lasts = np.maximum(heard / np.maximum(begun, 1), 1)
    return Counts(np.log(often / often.sum()).astype(np.float32), lasts.astype(np.float32))


def _with_differences(frames: Floats, config: HmmConfig) -> Floats:
    """Return the first coefficients with their differences over time, (F, D)."""
    rows = [frames[:, : config.mfcc.n_coefficients].T]
    for _ in range(config.mfcc.orders):
        rows.append(differences(rows[-1], config.mfcc.reach))
    return np.concatenate(rows).T
