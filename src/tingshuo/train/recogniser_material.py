"""Recordings as what a recogniser learns from: log-mels on disk at half precision, and the units of each clip."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import cmvn_of_sums, fbank
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.corpus import Skipped
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.store.atomic import replace_file
from tingshuo.train.recogniser_config import Kind, RecogniserTraining
from tingshuo.train.recogniser_units import units_of

Halves = NDArray[np.float16]
FEATURES, INDEX = "features.f16", "features.json"
LEAST_FRAMES_EACH = 3
"""Frames of features that a unit takes at least: faster than anybody speaks, so the text is not that of the clip."""


class Clip(NamedTuple):
    """A clip that teaches or judges: its row, where its frames lie, how many, and its units by their numbers, blank being 0."""

    row: Utterance
    first: int
    frames: int
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a training learns from and is judged by.

    ``features`` (F, M) of all clips one after the other, half precision, on disk; ``units`` what can be heard, without blank.
    """

    features: Halves
    taught: tuple[Clip, ...]
    held_out: tuple[Clip, ...]
    units: tuple[str, ...]
    cmvn: Cmvn
    skipped: tuple[Skipped, ...]

    def mel(self, clip: Clip) -> NDArray[np.float32]:
        """Return the log-mels of a clip, (F, M), as they are."""
        return self.features[clip.first : clip.first + clip.frames].astype(np.float32)


def gather(
    rows: Sequence[Utterance],
    config: RecogniserTraining,
    folder: Path,
    known: Iterable[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Read clips, compute their features once, and keep them in a folder.

    Parameters
    ----------
    rows : sequence of Utterance
        Those of the split test are left out.
    config : RecogniserTraining
        How they are heard, and as what units.
    folder : Path
        Gets the files `FEATURES` and `INDEX`; what is there of the same rows is taken.
    known : iterable of str
        Units that there are beside those of the clips.
    progress : callable or None
        Told how many of how many clips are done.

    Raises
    ------
    DataError
        Nothing can be learnt from.
    OutputError
        The folder cannot be written.
    """
    fbank_config, longest_s = config.fbank, config.longest_s
    texts, skipped = _texts(rows, config.units)
    wanted = [row for row in rows if row.id in texts]
    index = _computed(wanted, fbank_config, folder, progress)
    skipped += [Skipped(*one) for one in index["skipped"]]
    spans: Mapping[str, tuple[int, int]] = index["spans"]
    units = tuple(sorted({unit for one in texts.values() for unit in one}.union(known)))
    ids = {unit: n for n, unit in enumerate(units, 1)}
    clips: dict[bool, list[Clip]] = {False: [], True: []}
    for row in wanted:
        if row.id not in spans:
            continue
        first, frames = spans[row.id]
        said, seconds = texts[row.id], frames * fbank_config.frame_shift_ms / 1000
        if seconds > longest_s:
            skipped.append(Skipped(row.id, f"is longer than {longest_s:g} s"))
        elif frames < LEAST_FRAMES_EACH * len(said):
            skipped.append(Skipped(row.id, f"{len(said)} {config.units} in {seconds:.1f} s"))
        else:
            clips[row.split == "dev"].append(Clip(row, first, frames, tuple(ids[one] for one in said)))
    if not clips[False]:
        first_why = f"; the first ({skipped[0].where}) because it {skipped[0].why}" if skipped else ""
        raise DataError(f"there is no clip to learn from, {len(skipped)} were skipped{first_why}")
    features = np.memmap(folder / FEATURES, np.float16, "r").reshape(-1, fbank_config.n_mels)
    cmvn = Cmvn(tuple(index["mean"]), tuple(index["inverse"]))
    return Material(features, tuple(clips[False]), tuple(clips[True]), units, cmvn, tuple(skipped))


def _texts(rows: Sequence[Utterance], kind: Kind) -> tuple[dict[str, tuple[str, ...]], list[Skipped]]:
    """Return the units of each clip that has some, and the other clips."""
    found: dict[str, tuple[str, ...]] = {}
    skipped = []
    for row in rows:
        if row.split == "test":
            continue
        try:
            found[row.id] = units_of(row, kind)
        except DataError as error:
            skipped.append(Skipped(row.id, str(error)))
    return found, skipped


def _computed(
    rows: Sequence[Utterance], config: FbankConfig, folder: Path, progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    """Return where the features of each clip lie, after computing them if they are not there."""
    told = json.dumps([config.fields(), [[row.id, row.audio, row.start_samples, row.n_samples] for row in rows]])
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
    sums, squares, count = np.zeros(config.n_mels), np.zeros(config.n_mels), 0
    with (folder / FEATURES).open("wb") as file:
        for done, (row, wav) in enumerate(read_clips(rows, config.sample_rate), 1):
            if progress is not None:
                progress(done, len(rows))
            mel = None if isinstance(wav, DataError) else fbank(wav, config)
            if mel is None or not len(mel):
                skipped.append((row.id, str(wav) if isinstance(wav, DataError) else "has no frame"))
                continue
            spans[row.id] = count, len(mel)
            count += len(mel)
            sums += mel.sum(0, dtype=np.float64)
            squares += np.square(mel, dtype=np.float64).sum(0)
            file.write(mel.astype(np.float16).tobytes())
    cmvn = cmvn_of_sums(sums, squares, max(count, 1))
    index = {"digest": digest, "spans": spans, "skipped": skipped, "mean": cmvn.mean, "inverse": cmvn.inverse_deviation}
    replace_file(folder / INDEX, json.dumps(index, ensure_ascii=False).encode())
    return index
