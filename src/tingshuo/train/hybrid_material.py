"""Recordings as what a classic recogniser learns from: MFCC on disk at half precision, and the syllables of each clip."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.dnn import SILENCE
from tingshuo.config.mfcc import MfccConfig
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.corpus import Skipped
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.store.atomic import replace_file
from tingshuo.tasks.hybrid.ears import coefficients
from tingshuo.tasks.hybrid.network import phones_of
from tingshuo.train.recogniser_units import inventory, syllables_of_row

Floats = NDArray[np.float32]
FEATURES, INDEX = "mfcc.f16", "mfcc.json"
SPARE_FRAMES = 4
"""Frames that a clip must have beyond the fewest that its syllables and the silence around them need."""
UNSEEN = 0.5
"""How often a syllable that no clip has counts as said."""


class Clip(NamedTuple):
    """A clip that teaches or judges: its row, where its frames lie, how many, and the syllables."""

    row: Utterance
    first: int
    frames: int
    syllables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a training learns from and is judged by.

    ``features`` (F, D) of all clips one after the other, half precision, on disk, the mean of each clip taken off; ``deviation``
    (D,) of those that teach. ``phones`` are silence and those that are heard; ``units`` the syllables of these phones that there
    are, ``frequencies`` (U,) the log probability of each. ``frame_s`` is seconds from one frame to the next.
    """

    features: NDArray[np.float16]
    frame_s: float
    deviation: Floats
    taught: tuple[Clip, ...]
    held_out: tuple[Clip, ...]
    phones: tuple[str, ...]
    units: tuple[str, ...]
    frequencies: Floats
    skipped: tuple[Skipped, ...]

    def heard(self, clip: Clip) -> Floats:
        """Return the coefficients of a clip, normalised, (F, D)."""
        return self.features[clip.first : clip.first + clip.frames].astype(np.float32) / self.deviation


def gather(
    rows: Sequence[Utterance],
    config: MfccConfig,
    states: int,
    longest_s: float,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Read clips, compute their features once, and keep them in a folder.

    Parameters
    ----------
    rows : sequence of Utterance
        Those of the split test are left out.
    config : MfccConfig
        How they are heard.
    states : int
        Of a phone; each takes a frame at least.
    longest_s : float
        Longer clips are left out, seconds.
    folder : Path
        Gets the files `FEATURES` and `INDEX`; what is there of the same rows is taken.
    progress : callable or None
        Told how many of how many clips are done.

    Raises
    ------
    DataError
        Nothing can be learnt from.
    OutputError
        The folder cannot be written.
    """
    texts, skipped = _texts(rows)
    wanted = [row for row in rows if row.id in texts]
    index = _computed(wanted, config, folder, progress)
    skipped += [Skipped(*one) for one in index["skipped"]]
    clips: dict[bool, list[Clip]] = {False: [], True: []}
    for row in wanted:
        if row.id not in index["spans"]:
            continue
        first, frames = index["spans"][row.id]
        clip = Clip(row, first, frames, texts[row.id])
        why = _unfit(clip, config, states, longest_s)
        if why:
            skipped.append(Skipped(row.id, why))
        else:
            clips[row.split == "dev"].append(clip)
    if not clips[False]:
        first_why = f"; the first ({skipped[0].where}) because it {skipped[0].why}" if skipped else ""
        raise DataError(f"there is no clip to learn from, {len(skipped)} were skipped{first_why}")
    features = np.memmap(folder / FEATURES, np.float16, "r").reshape(-1, config.size)
    phones, units, frequencies = _said(clips[False])
    deviation = np.array(index["deviation"], np.float32)
    taught, held_out = (tuple(clips[split]) for split in (False, True))
    return Material(features, frame_s(config), deviation, taught, held_out, phones, units, frequencies, tuple(skipped))


def frame_s(config: MfccConfig) -> float:
    """Return the seconds from one frame to the next."""
    return config.mel.hop_length / config.mel.sample_rate


def _said(clips: Sequence[Clip]) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Return the phones of clips, all syllables of these phones, and how likely each is, a logarithm."""
    counts = Counter(syllable for clip in clips for syllable in clip.syllables)
    phones = {phone for syllable in counts for phone in phones_of(syllable)}
    units = tuple(sorted(unit for unit in inventory() | counts.keys() if phones.issuperset(phones_of(unit))))
    often = np.array([counts[unit] or UNSEEN for unit in units])
    return (SILENCE, *sorted(phones)), units, np.log(often / often.sum()).astype(np.float32)


def _unfit(clip: Clip, config: MfccConfig, states: int, longest_s: float) -> str:
    """Say why a clip cannot teach; nothing where it can."""
    length_s = clip.frames * frame_s(config)
    if length_s > longest_s:
        return f"is longer than {longest_s:g} s"
    phones = 2 + sum(len(phones_of(syllable)) for syllable in clip.syllables)
    if clip.frames < phones * states + SPARE_FRAMES:
        return f"has {len(clip.syllables)} syllables in {length_s:.1f} s"
    return ""


def _texts(rows: Sequence[Utterance]) -> tuple[dict[str, tuple[str, ...]], list[Skipped]]:
    """Return the syllables of each clip that has some, and the other clips."""
    found: dict[str, tuple[str, ...]] = {}
    skipped = []
    for row in rows:
        if row.split == "test":
            continue
        try:
            found[row.id] = syllables_of_row(row)
        except DataError as error:
            skipped.append(Skipped(row.id, str(error)))
    return found, skipped


def _computed(
    rows: Sequence[Utterance], config: MfccConfig, folder: Path, progress: Callable[[int, int], None] | None
) -> Mapping[str, Any]:
    """Return where the features of each clip lie, after computing them if they are not there."""
    told = json.dumps([config.fields(), [[row.id, row.audio, row.start_samples, row.n_samples, row.split] for row in rows]])
    digest = hashlib.sha256(told.encode()).hexdigest()
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
        if index["digest"] == digest and (folder / FEATURES).exists():
            return index
    except (OSError, ValueError, KeyError):
        pass
    folder.mkdir(parents=True, exist_ok=True)
    spans: dict[str, tuple[int, int]] = {}
    skipped: list[tuple[str, str]] = []
    squares, count, taught = np.zeros(config.size), 0, 0
    with (folder / FEATURES).open("wb") as file:
        for done, (row, wav) in enumerate(read_clips(rows, config.mel.sample_rate), 1):
            if progress is not None:
                progress(done, len(rows))
            if isinstance(wav, DataError):
                skipped.append((row.id, str(wav)))
                continue
            frames = coefficients(wav, config)
            spans[row.id] = count, len(frames)
            count += len(frames)
            if row.split == "train":
                squares += np.square(frames, dtype=np.float64).sum(0)
                taught += len(frames)
            file.write(frames.astype(np.float16).tobytes())
    deviation = np.sqrt(np.maximum(squares / max(taught, 1), 1e-6)).tolist()
    index = {"digest": digest, "spans": spans, "skipped": skipped, "deviation": deviation}
    replace_file(folder / INDEX, json.dumps(index, ensure_ascii=False).encode())
    return index
