"""What training reads of a corpus, computed once and mapped from the disk: samples, F0, words.

A cache folder is named by a hash of the config, the rows and the files that they name::

    <cache>/features-<hash>/wav.i16      samples of all clips one after the other, int16, 32767 = full scale
                            f0.f32       F0 of all clips, Hz, 0 = unvoiced, float32, one value a hop
                            clips.json   where each clip is in both and what is said in it; what was left out, and why

Frames are those of `tingshuo.audio.mel`: a clip of n samples, n a multiple of the hop, has ``n // hop_length + 1`` of them, frame
k centred at sample ``k * hop_length``. Recordings of any rate are resampled to that of the config.

A folder appears when it is complete. What an interrupted run has done lies in ``features-<hash>.partial`` and is taken up again.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tingshuo.config import MelConfig, StrictModel
from tingshuo.data.speech import in_english
from tingshuo.data.utterance import Split, Utterance
from tingshuo.errors import DataError
from tingshuo.types import Wav, Word

FEATURE_VERSION = 2
"""Raised when the same rows would give other features: by another F0 tracker, or other words from the text front-end."""
FULL_SCALE = 32767

Progress = Callable[[int, int], None]
"""Told how many of how many steps are done."""


class FeatureConfig(StrictModel, frozen=True, kw_only=True):
    """What is computed."""

    mel: MelConfig = MelConfig()
    """Its sample rate and hop are those of the features."""
    f0_min_hz: float = 65.0
    f0_max_hz: float = 500.0
    english: bool = False
    """Give Latin words English phones in every row, for a voice that has them. `prepare` sets it when a row is in English."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and its place in the arrays of `Features`; ``words`` are empty where nothing is known of what is said."""

    id: str
    speaker: str
    style: str
    emotion: str
    split: Split
    start_samples: int
    """Index of its first sample in ``Features.wav``."""
    n_samples: int
    """A multiple of the hop."""
    f0_start: int
    """Index of its first value in ``Features.f0``."""
    frames: int
    """Whole hops: ``n_samples // hop_length``. F0 and mel have one frame more."""
    bandwidth_hz: float
    """Highest frequency with content."""
    words: tuple[Word, ...] = ()
    warnings: tuple[str, ...] = ()
    """What of the text could not be used as written."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is not among the clips, and why: one sentence."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpeakerPitch:
    """Mean and standard deviation of the natural logarithm of a speaker's F0 in Hz over voiced frames of train clips."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a corpus.

    Parameters
    ----------
    folder : Path
        The cache folder; what is derived from these features may be kept in it.
    config : FeatureConfig
        How they were computed.
    wav : NDArray
        (T,) int16, mapped from the disk, read-only.
    f0 : NDArray
        (F,) float32, Hz, mapped, read-only.
    clips : tuple of Clip
        In the order of the rows.
    skipped : tuple of Skipped
        Rows that could not be read or have no voice in them.
    pitch : Mapping
        `SpeakerPitch` of each speaker, in the order of their first clips.
    """

    folder: Path
    config: FeatureConfig
    wav: NDArray[np.int16] = field(repr=False)
    f0: NDArray[np.float32] = field(repr=False)
    clips: tuple[Clip, ...] = field(repr=False)
    skipped: tuple[Skipped, ...] = field(repr=False)
    pitch: Mapping[str, SpeakerPitch]

    def wav_of(self, clip: Clip) -> Wav:
        """Return a clip's samples, (n_samples,) float32 in [-1, 1]."""
        samples = self.wav[clip.start_samples : clip.start_samples + clip.n_samples]
        return samples.astype(np.float32) / np.float32(FULL_SCALE)

    def f0_of(self, clip: Clip) -> NDArray[np.float32]:
        """Return a clip's F0, (frames + 1,), Hz, 0 = unvoiced."""
        return np.array(self.f0[clip.f0_start : clip.f0_start + clip.frames + 1])

    @property
    def key(self) -> str:
        """The hash that names these features."""
        return self.folder.name.removeprefix("features-")


def prepare(
    rows: Iterable[Utterance],
    config: FeatureConfig,
    cache: Path,
    progress: Progress | None = None,
    *,
    workers: int | None = None,
) -> Features:
    """Compute the features of a corpus, or open those that were computed before.

    Parameters
    ----------
    rows : iterable of Utterance
        With absolute paths, as `read_manifest` returns them.
    config : FeatureConfig
        What to compute.
    cache : Path
        Folder of cache folders; made if missing.
    progress : callable or None
        Told how many of how many rows are done.
    workers : int or None
        Processes that share the work; None is one for each usable core. They are started afresh, so a script that calls this
        needs its ``if __name__ == "__main__"``.

    Raises
    ------
    DataError
        There are no rows, two have the same id, or not one of them can be used.
    OutputError
        The cache cannot be written, for example because the disk is full. What is done so far is kept.
    """
    from tingshuo.data.extraction import extract, locked

    rows = list(rows)
    config = config.replace(english=config.english or any(in_english(row.lang) for row in rows))
    if not rows:
        raise DataError("there are no rows to prepare; give at least one recording")
    ids = {row.id for row in rows}
    if len(ids) < len(rows):
        twice = next(row.id for k, row in enumerate(rows) if row.id in {other.id for other in rows[:k]})
        raise DataError(f"two rows have the id {twice!r}; give each its own")
    folder = cache.absolute() / f"features-{key_of(rows, config)}"
    with locked(folder):
        found = open_features(folder)
        if found is None:
            extract(rows, config, folder, progress, workers)
            found = open_features(folder)
            assert found is not None
    if not found.clips:
        raise DataError(f"none of {len(rows)} rows can be used; of the first, {rows[0].id!r}: {found.skipped[0].reason}")
    return found


class Index(StrictModel, frozen=True, kw_only=True):
    """clips.json: all that is known beside the arrays."""

    version: int
    config: FeatureConfig
    samples: int
    """Length of wav.i16."""
    frames: int
    """Length of f0.f32."""
    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]


def open_features(folder: Path) -> Features | None:
    """Open a cache folder that `prepare` has made; None when it is missing, incomplete or of another version."""
    try:
        index = msgspec.json.decode((folder / "clips.json").read_bytes(), type=Index)
        sizes = [(folder / name).stat().st_size for name in ("wav.i16", "f0.f32")]
    except (OSError, msgspec.DecodeError):
        return None
    if index.version != FEATURE_VERSION or sizes != [2 * index.samples, 4 * index.frames]:
        return None
    wav, f0 = _mapped(folder / "wav.i16", np.int16), _mapped(folder / "f0.f32", np.float32)
    clips, mute = _voiced(index.clips, f0)
    return Features(folder, index.config, wav, f0, clips, (*index.skipped, *mute), pitch_of(clips, f0))


def _mapped(path: Path, dtype: type) -> NDArray:  # type: ignore[type-arg]
    return np.memmap(path, dtype, "r") if path.stat().st_size else np.zeros(0, dtype)


def _voiced(clips: Sequence[Clip], f0: NDArray[np.float32]) -> tuple[tuple[Clip, ...], list[Skipped]]:
    """Leave out speakers of whom no clip has a voiced frame: their pitch cannot be normalised."""
    voices = {clip.speaker for clip in clips if (f0[clip.f0_start : clip.f0_start + clip.frames + 1] > 0).any()}
    mute = [Skipped(c.id, f"no clip of speaker {c.speaker!r} has a voice in it") for c in clips if c.speaker not in voices]
    return tuple(clip for clip in clips if clip.speaker in voices), mute


MIN_LOG_F0_STD = 0.03
"""Half a semitone: what a speaker's F0 is divided by at least."""


def pitch_of(clips: Iterable[Clip], f0: NDArray[np.float32]) -> dict[str, SpeakerPitch]:
    """Return each speaker's pitch over their train clips, over all their clips where none is for training."""
    of: dict[str, list[Clip]] = {}
    for clip in clips:
        of.setdefault(clip.speaker, []).append(clip)
    pitch = {}
    for speaker, mine in of.items():
        for chosen in ([clip for clip in mine if clip.split == "train"], mine):
            values = [f0[clip.f0_start : clip.f0_start + clip.frames + 1] for clip in chosen]
            voiced = np.concatenate([value[value > 0] for value in values] or [np.zeros(0, np.float32)])
            if len(voiced):
                logs = np.log(voiced.astype(np.float64))
                pitch[speaker] = SpeakerPitch(float(logs.mean()), max(float(logs.std()), MIN_LOG_F0_STD))
                break
    return pitch


def key_of(rows: Iterable[Utterance], config: FeatureConfig) -> str:
    """Return the hash of a config, rows, and size and time of the files that they name: 16 hexadecimal digits."""
    files: dict[str, tuple[int, int]] = {}
    digest = hashlib.sha256(json.dumps([FEATURE_VERSION, config.fields()], sort_keys=True).encode())
    for row in rows:
        if row.audio not in files:
            try:
                stat = Path(row.audio).stat()
                files[row.audio] = (stat.st_size, stat.st_mtime_ns)
            except OSError:
                files[row.audio] = (-1, -1)
        digest.update(json.dumps([row.fields(), files[row.audio]], sort_keys=True).encode())
    return digest.hexdigest()[:16]
