"""When each phone is spoken: hidden Markov models taught on the very clips that they align, from a flat start.

Clips are first cut into equal phones; the models are estimated from that, find better borders, and so on. Nothing but the
recordings and their words is needed. The result is kept beside the features, named by a hash of the config.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tingshuo.config import StrictModel
from tingshuo.data.features import Clip, Features, Progress, Skipped
from tingshuo.errors import BundleError, ConfigError, TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.mixtures import Mixtures
from tingshuo.store.atomic import new_folder, replace_file
from tingshuo.store.tensors import read_tensors
from tingshuo.text.symbols import PHONES
from tingshuo.types import Word

ALIGN_VERSION = 1
"""Raised when the same features and config would give other durations."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AlignedClip:
    """What was heard in a clip.

    ``words`` are those of the clip with the pauses that were heard instead of those of the text. ``durations`` are hops of each
    phone of ``encode(words)``, at least 1 each, and sum to the clip's ``frames``. ``score`` is how much less likely the words
    make a frame than whatever phone fits it best, mean over frames, natural log: about -1 to -3, lower is worse.
    ``phones_per_s`` is the tempo without pauses. ``doubt`` says why text and sound may not belong together, empty if they do.
    """

    id: str
    words: tuple[Word, ...]
    durations: Ints
    score: float
    phones_per_s: float
    doubt: str = ""


@dataclass(frozen=True)
class Alignment:
    """The clips that were aligned, in the order of the features, and those that could not be, with the reason."""

    clips: tuple[AlignedClip, ...] = field(repr=False)
    unaligned: tuple[Skipped, ...] = field(repr=False)

    @cached_property
    def by_id(self) -> Mapping[str, AlignedClip]:
        """The aligned clips by their ids."""
        return {clip.id: clip for clip in self.clips}

    @property
    def doubtful(self) -> tuple[AlignedClip, ...]:
        """Clips whose text and sound may not belong together, the worst first."""
        return tuple(sorted((clip for clip in self.clips if clip.doubt), key=lambda clip: clip.score))


@dataclass(frozen=True, slots=True)
class Aligner:
    """Models that can align any Mandarin speech."""

    config: HmmConfig
    mixtures: Mixtures


def align(features: Features, config: HmmConfig | None = None, progress: Progress | None = None) -> Alignment:
    """Teach models on the clips of a corpus and align them, or read what was found before.

    Parameters
    ----------
    features : Features
        With words in at least one clip.
    config : HmmConfig or None
        None is the default.
    progress : callable or None
        Told how much of the work is done.

    Raises
    ------
    TrainError
        No clip has words, or every clip is too short for its words.
    ConfigError
        The config is for another sample rate than the features.
    """
    config = config or HmmConfig()
    path = features.folder / f"alignment-{_key(config)}.json"
    found = _read(path)
    if found is not None:
        return found
    from tingshuo.train.flat_start import teach

    aligner = teach(features, config, progress)
    save_aligner(aligner, features.folder / f"aligner-{_key(config)}")
    alignment = align_with(aligner, features, progress)
    _write(path, alignment)
    return alignment


def align_with(aligner: Aligner, features: Features, progress: Progress | None = None) -> Alignment:
    """Align clips with models that were taught before, on these or on other clips.

    Raises
    ------
    TrainError
        No clip can be aligned.
    ConfigError
        The models are for another sample rate than the features.
    """
    from tingshuo.train.flat_start import find_timings

    found, unaligned = find_timings(aligner, features, progress)
    if not found:
        raise TrainError(f"no clip could be aligned; of the first, {unaligned[0].id!r}: {unaligned[0].reason}")
    return Alignment(_doubted(found, features.clips), tuple(unaligned))


MISFIT = 5.0
"""Deviations below the median of the corpus at which a score raises doubt."""
TEMPO = 1.8
"""How many times faster or slower than the speaker's median raises doubt."""
FEW = 8
"""Clips of a speaker from which a median tempo is taken; with fewer, that of the corpus counts."""


def _doubted(found: Sequence[AlignedClip], clips: Iterable[Clip]) -> tuple[AlignedClip, ...]:
    """Mark clips that fit their words far worse, or are spoken far faster or slower, than the others."""
    speaker = {clip.id: clip.speaker for clip in clips}
    scores = np.array([clip.score for clip in found])
    middle = float(np.median(scores))
    deviation = max(1.4826 * float(np.median(np.abs(scores - middle))), 0.1)
    tempos: dict[str, list[float]] = {}
    for clip in found:
        tempos.setdefault(speaker[clip.id], []).append(clip.phones_per_s)
    usual = float(np.median([clip.phones_per_s for clip in found]))
    medians = {name: float(np.median(mine)) if len(mine) >= FEW else usual for name, mine in tempos.items()}
    marked = []
    for clip in found:
        reasons = []
        if clip.score < middle - MISFIT * deviation:
            reasons.append(f"the sound fits the words badly: {clip.score:.1f} where {middle:.1f} is usual")
        ratio = clip.phones_per_s / medians[speaker[clip.id]]
        if not 1 / TEMPO < ratio < TEMPO:
            how = "fast" if ratio > 1 else "slow"
            reasons.append(f"too {how} for the words: {clip.phones_per_s:.1f} phones a second, {ratio:.1f} times the usual")
        marked.append(replace(clip, doubt="; ".join(reasons)))
    return tuple(marked)


class _Row(StrictModel, frozen=True):
    id: str
    words: tuple[Word, ...]
    durations: list[int]
    score: float
    phones_per_s: float
    doubt: str


class _Document(StrictModel, frozen=True):
    """alignment-<hash>.json."""

    version: int
    clips: list[_Row]
    unaligned: list[Skipped]


def _key(config: HmmConfig) -> str:
    return hashlib.sha256(json.dumps([ALIGN_VERSION, config.fields()], sort_keys=True).encode()).hexdigest()[:16]


def _write(path: Path, alignment: Alignment) -> None:
    rows = [_Row(c.id, c.words, c.durations.tolist(), c.score, c.phones_per_s, c.doubt) for c in alignment.clips]
    replace_file(path, msgspec.json.encode(_Document(ALIGN_VERSION, rows, list(alignment.unaligned))))


def _read(path: Path) -> Alignment | None:
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except (OSError, msgspec.DecodeError):
        return None
    clips = (
        AlignedClip(row.id, row.words, np.array(row.durations, np.int64), row.score, row.phones_per_s, row.doubt)
        for row in document.clips
    )
    return Alignment(tuple(clips), tuple(document.unaligned))


class _AlignerDocument(StrictModel, frozen=True):
    """aligner.json: the config, and the phones in the order of the models."""

    config: HmmConfig
    phones: tuple[str, ...]


def save_aligner(aligner: Aligner, folder: Path) -> None:
    """Write models to a folder, ``aligner.json`` and ``aligner.safetensors``; one that is there is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    from safetensors.numpy import save_file

    document = _AlignerDocument(aligner.config, PHONES)
    with new_folder(folder, replace=True) as partial:
        save_file(dict(aligner.mixtures.tensors()), partial / "aligner.safetensors")
        (partial / "aligner.json").write_text(json.dumps(document.fields(), indent=1), "utf-8")


def load_aligner(folder: Path) -> Aligner:
    """Read models that `save_aligner` wrote.

    Raises
    ------
    TrainError
        A file is missing or damaged, or the models are of other phones.
    """
    try:
        document = _AlignerDocument.read(folder / "aligner.json")
        tensors = read_tensors(folder / "aligner.safetensors")
    except (ConfigError, BundleError) as error:
        raise TrainError(f"no aligner can be read: {error}") from error
    config = document.config
    states = len(PHONES) * config.states
    mean = tensors.get("mean")
    if document.phones != PHONES or mean is None or mean.shape[::2] != (states, config.mfcc.size):
        raise TrainError(f"{folder}: holds models of other phones or features; teach them again")
    if {name: tensor.shape for name, tensor in tensors.items()} != {
        "mean": mean.shape,
        "variance": mean.shape,
        "weight": mean.shape[:2],
    }:
        raise TrainError(f"{folder}/aligner.safetensors: is damaged; teach the models again")
    return Aligner(config, Mixtures.from_tensors(tensors))
