"""The work behind `tingshuo.train.align`: estimating models from a flat start, adapting others, finding the way through clips.

Features are MFCCs, each normalised to mean 0 and variance 1 over its speaker. The models are estimated from a share of the
clips, spread evenly. Threads work on batches of clips of like length; numpy leaves the interpreter to the others meanwhile.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mfcc import mfcc
from tingshuo.data.features import Clip, Features, Progress, Skipped
from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import ConfigError, TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.mixtures import Mixtures
from tingshuo.models.hmm.topology import Path, broad_states, even, path_of, phones_of, timing
from tingshuo.models.hmm.viterbi import Way, best_ways
from tingshuo.train.align import AlignedClip
from tingshuo.train.aligner import Aligner

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

BATCH_POSITIONS = 4000
"""Positions that are worked on side by side: what fits into a core's own cache."""
SPEAKER_CLIPS = 200
"""Clips that a speaker's mean and variance are taken from."""
SPARE_FRAMES = 4
"""Analysis frames that a clip must have beyond the fewest that its words need."""
SCORE_STRIDE = 4
"""Every so many frames the words are compared with whatever fits best."""


class Normalisation(NamedTuple):
    """A speaker's mean and standard deviation of each feature, (D,)."""

    mean: Floats
    deviation: Floats


class Listener:
    """Makes the models' input of clips."""

    def __init__(self, features: Features, clips: Sequence[Clip], config: HmmConfig) -> None:
        have, want = features.config.mel.sample_rate, config.mfcc.mel.sample_rate
        if have != want:
            raise ConfigError(f"the aligner is for {want} Hz and the features are of {have} Hz; set its mfcc.mel.sample_rate")
        self._features, self._config = features, config
        of: dict[str, list[Clip]] = {}
        for clip in clips:
            of.setdefault(clip.speaker, []).append(clip)
        self._of = {speaker: self._normalisation(mine) for speaker, mine in of.items()}

    def _normalisation(self, clips: Sequence[Clip]) -> Normalisation:
        chosen = clips[:: -(-len(clips) // SPEAKER_CLIPS)]
        count, total, squares = 0, np.zeros(1), np.zeros(1)
        for clip in chosen:
            frames = self._raw(clip)
            count += len(frames)
            total = total + frames.sum(axis=0, dtype=np.float64)
            squares = squares + np.square(frames, dtype=np.float64).sum(axis=0)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))
        return Normalisation(mean.astype(np.float32), deviation.astype(np.float32))

    def _raw(self, clip: Clip) -> Floats:
        return mfcc(self._features.wav_of(clip), self._config.mfcc).T

    def hear(self, clip: Clip) -> Floats:
        """Return a clip's normalised features, (T, D)."""
        mean, deviation = self._of[clip.speaker]
        return (self._raw(clip) - mean) / deviation


class Scores(Protocol):
    """What tells how well states fit frames, such as `Mixtures`."""

    def score(self, frames: Floats, states: Ints | None = None) -> Floats:
        """Return log-likelihoods (T, len(states)) of frames (T, D); None is all states."""
        ...


class Lesson:
    """What models are estimated from: clips as they are heard, and the paths of their words.

    Parameters
    ----------
    heard : sequence of ndarray (T, D)
        Normalised features of each clip, one or more.
    paths : sequence of Path
        What is said in each; T allows the shortest way.
    pool : ThreadPoolExecutor
        Works on batches side by side.
    """

    def __init__(self, heard: Sequence[Floats], paths: Sequence[Path], pool: ThreadPoolExecutor) -> None:
        self.paths, self._pool = list(paths), pool
        lengths = [len(frames) for frames in heard]
        self.frames = np.concatenate(heard)
        self.heard = np.split(self.frames, np.cumsum(lengths)[:-1])
        self._batches = _batches(lengths, [len(path.states) for path in self.paths])

    def first_guess(self) -> list[Ints]:
        """Return positions of each clip that need no models."""
        return [_first_guess(path, frames) for path, frames in zip(self.paths, self.heard, strict=True)]

    def best(self, models: Scores) -> list[Ints]:
        """Return the likeliest positions of each clip."""
        return [way.positions for way in self.ways(models)]

    def ways(self, models: Scores) -> list[Way]:
        """Return the likeliest way through each clip."""
        found: dict[int, Way] = {}
        for batch, ways in zip(self._batches, self._pool.map(_ways(models, self.heard, self.paths), self._batches), strict=True):
            found |= dict(zip(batch, ways, strict=True))
        return [found[k] for k in range(len(self.paths))]

    def states(self, positions: Sequence[Ints]) -> Ints:
        """Return the state of each of ``frames``."""
        return np.concatenate([path.states[place] for path, place in zip(self.paths, positions, strict=True)])


def teach(features: Features, config: HmmConfig, progress: Progress | None = None) -> Aligner:
    """Estimate models from nothing; see `tingshuo.train.align.align`."""
    with ThreadPoolExecutor(usable_cpus()) as pool:
        lesson = _lesson(features, config, pool)
        phones = phones_of(path.phones for path in lesson.paths)
        return Aligner(config, estimate(lesson, config, phones, progress), phones)


def estimate(lesson: Lesson, config: HmmConfig, phones: Sequence[str], progress: Progress | None = None) -> Mixtures:
    """Estimate models of phones from nothing.

    Parameters
    ----------
    lesson : Lesson
        Clips; the states of their paths are those of ``phones``, as many each as the config says.
    config : HmmConfig
        How often, and how fine.
    phones : sequence of str
        `PHONES` or `ALL_PHONES`.
    progress : callable or None
        Told how many rounds are done.
    """
    broad = broad_states(config.states, phones)
    mixtures = Mixtures.start(len(phones) * config.states, lesson.frames.shape[1])
    for iteration in range(config.iterations):
        if iteration in config.splits:
            mixtures.split()
        states = lesson.states(lesson.best(mixtures) if iteration else lesson.first_guess())
        if iteration < config.broad_iterations:
            mixtures.update(lesson.frames, broad[states], config.variance_floor)
            mixtures = mixtures.take(broad)
        else:
            mixtures.update(lesson.frames, states, config.variance_floor)
        if progress:
            progress(iteration + 1, config.iterations)
    return mixtures


def _lesson(features: Features, config: HmmConfig, pool: ThreadPoolExecutor) -> Lesson:
    """Return ``train_s`` seconds of a corpus to learn from.

    Raises
    ------
    TrainError
        No clip can be aligned.
    """
    clips, paths, unaligned = _paths(features, config)
    if not clips:
        reason = f"; of the first, {unaligned[0].id!r}: {unaligned[0].reason}" if unaligned else ""
        raise TrainError(f"no clip has words that it can be aligned with{reason}")
    chosen = spread(clips, config.train_s * features.config.mel.sample_rate)
    clips, paths = [clips[k] for k in chosen], [paths[k] for k in chosen]
    return Lesson(list(pool.map(Listener(features, clips, config).hear, clips)), paths, pool)


def adapt(aligner: Aligner, features: Features, config: HmmConfig, progress: Progress | None = None) -> Aligner:
    """Fit models that were taught before to the clips of a corpus; what these do not tell stays as it was.

    Phones that the models lack begin as those that sound like them. Of ``config``, what says how to adapt is used.

    Raises
    ------
    TrainError
        No clip can be aligned.
    ConfigError
        The models are for another sample rate than the features.
    """
    own = aligner.config.replace(train_s=config.train_s)
    with ThreadPoolExecutor(usable_cpus()) as pool:
        lesson = _lesson(features, own, pool)
        prior = aligner.widened(phones_of(path.phones for path in lesson.paths))
        mixtures = prior.mixtures
        for iteration in range(config.adapt_iterations):
            states = lesson.states(lesson.best(mixtures))
            mixtures = mixtures.copy()
            mixtures.update(lesson.frames, states, own.variance_floor, prior.mixtures, config.adapt_frames)
            if progress:
                progress(iteration + 1, config.adapt_iterations)
    return Aligner(aligner.config, mixtures, prior.phones)


def find_timings(
    aligner: Aligner, features: Features, progress: Progress | None = None
) -> tuple[list[AlignedClip], list[Skipped]]:
    """Align all clips of a corpus; those that cannot be come with the reason."""
    config = aligner.config
    clips, paths, unaligned = _paths(features, config)
    if unknown := set(phones_of(path.phones for path in paths)) - set(aligner.phones):
        raise TrainError(f"the aligner has no models of {', '.join(sorted(unknown))}; teach one on clips with English")
    listener = Listener(features, clips, config)
    lengths = [clip.n_samples // config.mfcc.mel.hop_length + 1 for clip in clips]
    batches = _batches(lengths, [len(path.states) for path in paths])
    found: dict[int, AlignedClip] = {}

    def work(batch: Sequence[int]) -> list[AlignedClip]:
        heard = [listener.hear(clips[k]) for k in batch]
        mine = [paths[k] for k in batch]
        ways = _ways(aligner.mixtures, heard, mine)(range(len(batch)))
        parts = zip([clips[k] for k in batch], mine, heard, ways, strict=True)
        return [_aligned(aligner, features, *part) for part in parts]

    with ThreadPoolExecutor(usable_cpus()) as pool:
        for batch, aligned in zip(batches, pool.map(work, batches), strict=True):
            found.update(zip(batch, aligned, strict=True))
            if progress:
                progress(len(found), len(clips))
    return [found[k] for k in range(len(clips))], unaligned


def _paths(features: Features, config: HmmConfig) -> tuple[list[Clip], list[Path], list[Skipped]]:
    """Lay out the clips that have words and are long enough for them."""
    clips, paths, unaligned = [], [], []
    for clip in features.clips:
        if not clip.words:
            unaligned.append(Skipped(clip.id, " ".join(clip.warnings) or "the row has neither text nor pinyin"))
            continue
        path = path_of(clip.words, config.states)
        if clip.n_samples // config.mfcc.mel.hop_length < path.shortest + SPARE_FRAMES or clip.frames < len(path.phones):
            length_s = clip.n_samples / features.config.mel.sample_rate
            unaligned.append(Skipped(clip.id, f"{length_s:.2f} s are too short for {int((path.word_index >= 0).sum())} phones"))
            continue
        clips.append(clip)
        paths.append(path)
    return clips, paths, unaligned


def spread(clips: Sequence[Clip], samples: float) -> list[int]:
    """Choose clips of so many samples in all, evenly from the whole; their indices, rising."""
    golden = (np.arange(len(clips)) * 0.6180339887498949) % 1
    order = np.argsort(golden, kind="stable")
    before = np.cumsum([clips[k].n_samples for k in order]) - clips[order[0]].n_samples
    return sorted(order[: max(int((before < samples).sum()), 1)].tolist())


def _first_guess(path: Path, frames: Floats) -> Ints:
    """Put silence before the first and after the last loud frame, and the phones evenly between."""
    level = frames[:, 0]
    low, high = np.percentile(level, [5, 95])
    loud = np.flatnonzero(level > (low + high) / 2)
    edge = path.per_phone
    room = path.shortest - 2 * edge  # what the words need
    first = int(np.clip(loud[0] if len(loud) else 0, edge, len(frames) - edge - room))
    stop = int(np.clip(loud[-1] + 1 if len(loud) else len(frames), first + room, len(frames) - edge))
    return even(path, first, stop, len(frames))


def _batches(lengths: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Put clips of like length together."""
    batches: list[list[int]] = []
    width = 0
    for k in sorted(range(len(lengths)), key=lambda k: (lengths[k], sizes[k])):
        width += sizes[k]
        if not batches or width > BATCH_POSITIONS:
            batches.append([])
            width = sizes[k]
        batches[-1].append(k)
    return batches


def _ways(models: Scores, heard: Sequence[Floats], paths: Sequence[Path]) -> Callable[[Sequence[int]], list[Way]]:
    """Return what finds the ways of a batch of clips."""

    def find(batch: Sequence[int]) -> list[Way]:
        scores = []
        for k in batch:
            used, columns = np.unique(paths[k].states, return_inverse=True)
            scores.append(models.score(heard[k], used)[:, columns])
        return best_ways(scores, [paths[k].optional for k in batch], paths[batch[0]].per_phone)

    return find


def _aligned(aligner: Aligner, features: Features, clip: Clip, path: Path, frames: Floats, way: Way) -> AlignedClip:
    mel, own = features.config.mel, aligner.config.mfcc.mel
    found = timing(path, way.positions, own.hop_length, mel.hop_length, clip.frames, mel.sample_rate, aligner.config.min_pause_s)
    some = slice(None, None, SCORE_STRIDE)
    everything = aligner.mixtures.score(frames[some])
    taken = everything[np.arange(len(everything)), path.states[way.positions[some]]]
    spoken = path.word_index[way.positions // path.per_phone] >= 0
    seconds = max(int(spoken.sum()) * own.hop_length / own.sample_rate, 1e-3)
    return AlignedClip(
        clip.id,
        found.words,
        found.durations,
        float((taken - everything.max(axis=1)).mean()),
        int((path.word_index >= 0).sum()) / seconds,
    )
