"""When each phone is spoken: hidden Markov models, taught on the very clips that they align or brought by a finished voice.

From a flat start clips are first cut into equal phones; the models are estimated from that, find better borders, and so on.
Nothing but the recordings and their words is needed, but a few of them teach little. Models that were taught before on many
speakers are fitted to the clips at hand instead; on much speech a flat start is as good. The result is kept beside the features,
named by a hash of all that it depends on.
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
from tingshuo.errors import TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.atomic import replace_file
from tingshuo.text.symbols import ALL_PHONES, encode
from tingshuo.train.aligner import Aligner, aligner_files, load_aligner, save_aligner
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
    """The clips that were aligned, in the order of the features, and those that could not be, with the reason.

    ``aligner`` is what a voice hands on for the next corpus, None when nothing good is known. ``notes`` are sentences on what
    to expect.
    """

    clips: tuple[AlignedClip, ...] = field(repr=False)
    unaligned: tuple[Skipped, ...] = field(repr=False)
    aligner: Aligner | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, AlignedClip]:
        """The aligned clips by their ids."""
        return {clip.id: clip for clip in self.clips}

    @property
    def doubtful(self) -> tuple[AlignedClip, ...]:
        """Clips whose text and sound may not belong together, the worst first."""
        return tuple(sorted((clip for clip in self.clips if clip.doubt), key=lambda clip: clip.score))


FEW_S = 300.0
"""Seconds of speech below which models from a flat start are off by more than those that a voice brings."""


def align(
    features: Features, config: HmmConfig | None = None, progress: Progress | None = None, known: Aligner | None = None
) -> Alignment:
    """Find when each phone of a corpus is spoken, or read what was found before.

    Parameters
    ----------
    features : Features
        With words in at least one clip.
    config : HmmConfig or None
        None is the default. With less than ``flat_from_s`` of speech the known models are adapted, else others are taught.
    progress : callable or None
        Told how much of the work is done.
    known : Aligner or None
        Models that were taught before, on other clips.

    Raises
    ------
    TrainError
        No clip has words, or every clip is too short for its words.
    ConfigError
        The config, or the known models, are for another sample rate than the features.
    """
    config = config or HmmConfig()
    speech_s = sum(clip.n_samples for clip in features.clips if clip.words) / features.config.mel.sample_rate
    fits = known is not None and (known.config.mfcc, known.config.states) == (config.mfcc, config.states)
    chosen = known if fits and speech_s < config.flat_from_s else None
    key = _key(config, chosen)
    path, folder = features.folder / f"alignment-{key}.json", features.folder / f"aligner-{key}"
    found = _read(path)
    if found is None:
        from tingshuo.train.flat_start import adapt, teach

        aligner = adapt(chosen, features, config, progress) if chosen else teach(features, config, progress)
        save_aligner(aligner, folder)
        found = align_with(aligner, features, progress)
        _write(path, found)
    lasting = known or (load_aligner(folder) if speech_s >= FEW_S else None)
    return replace(found, aligner=lasting, notes=tuple(_notes(features, speech_s, known, chosen)))


def _notes(features: Features, speech_s: float, known: Aligner | None, chosen: Aligner | None) -> Iterable[str]:
    """Say what of an alignment may be worse than hoped for."""
    if chosen is not None:
        spoken = {phone for clip in features.clips if clip.words for phone in encode(clip.words).ids.tolist()}
        lacking = [ALL_PHONES[k] for k in sorted(spoken) if ALL_PHONES[k] not in chosen.phones]
        if lacking:
            yield f"the voice's aligner has not heard {', '.join(lacking)}; they begin as the phones that sound most like them"
    elif known is not None and speech_s < FEW_S:
        yield "the voice's aligner is not what align.mfcc and align.states ask for, so another is taught, on little speech"
    elif speech_s < FEW_S:
        yield (
            f"{speech_s:.0f} s of speech teach an aligner little: borders of phones will be 20 to 60 ms off; "
            "begin with a voice that brings an aligner, such as the built-in one, or add recordings"
        )


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


def _key(config: HmmConfig, known: Aligner | None) -> str:
    digest = hashlib.sha256(json.dumps([ALIGN_VERSION, config.fields()], sort_keys=True).encode())
    if known is not None:
        for data in aligner_files(known).values():
            digest.update(data)
    return digest.hexdigest()[:16]


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
