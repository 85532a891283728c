"""Clips of words as numbers that a net can be taught with: log-mels of all of them, one above the other, and what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tingshuo.audio.fbank import Array, fbank
from tingshuo.config.fbank import FbankConfig
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.corpus import Skipped
from tingshuo.data.utterance import Utterance
from tingshuo.data.words import words_of
from tingshuo.errors import DataError
from tingshuo.tasks.keywords.window import fit_window, loudest, silence_of

ROOM = 1.5
"""Windows that are kept of a long clip, around its loudest stretch."""
LONGEST_BLANK_S = 60.0
"""Seconds that are kept of a clip without words."""


class Teaching(NamedTuple):
    """Clips that teach: ``features`` (N, T, M) with zeros behind each, ``lengths`` (N,), ``silence`` (N, M), ``labels`` (N,)."""

    features: Tensor
    lengths: Tensor
    silence: Tensor
    labels: Tensor


class HeldOut(NamedTuple):
    """Clips that judge: ``windows`` (N, T, M), ``labels`` (N,); the label of what is no word is that after the last word."""

    windows: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Material:
    """What a training learns from and is judged by.

    ``blank`` (F, M) is sound without words, one clip after the other; it may have no frame. ``names`` are the ids of the clips
    that teach.
    """

    words: tuple[str, ...]
    names: tuple[str, ...]
    taught: Teaching
    held_out: HeldOut
    blank: Tensor
    skipped: tuple[Skipped, ...]


def gather(
    rows: Sequence[Utterance], config: FbankConfig, frames: int, progress: Callable[[int, int], None] | None = None
) -> Material:
    """Read clips and compute their features.

    Parameters
    ----------
    rows : sequence of Utterance
        From `tingshuo.data.words.read_words`.
    config : FbankConfig
        How they are heard.
    frames : int
        Of a window.
    progress : callable or None
        Told how many of how many clips are done.

    Raises
    ------
    DataError
        Not one clip of a word can be read.
    """
    words, skipped = words_of(rows), []
    taught: list[tuple[str, Array, int]] = []
    held: list[tuple[Array, int]] = []
    blank: list[Array] = []
    for done, (row, wav) in enumerate(read_clips(rows, config.sample_rate), 1):
        if progress is not None:
            progress(done, len(rows))
        if isinstance(wav, DataError) or len(wav) < config.window_samples:
            why = str(wav) if isinstance(wav, DataError) else f"is shorter than {config.frame_length_ms:g} ms"
            skipped.append(Skipped(row.id, why))
            continue
        if row.text is None:
            features = fbank(wav[: round(LONGEST_BLANK_S * config.sample_rate)], config)
        else:
            features = _shortened(fbank(wav, config), frames)
        label = len(words) if row.text is None else words.index(row.text)
        if row.split == "dev":
            held.append((fit_window(features, frames), label))
        elif row.text is None:
            blank.append(features)
        else:
            taught.append((row.id, features, label))
    _check(words, taught, skipped)
    return Material(
        words,
        tuple(name for name, _, _ in taught),
        _stacked([features for _, features, _ in taught], [label for _, _, label in taught]),
        HeldOut(
            torch.from_numpy(
                np.stack([window for window, _ in held]) if held else np.zeros((0, frames, config.n_mels), np.float32)
            ),
            torch.tensor([label for _, label in held], dtype=torch.int64),
        ),
        torch.from_numpy(np.concatenate([*blank, np.zeros((0, config.n_mels), np.float32)])),
        tuple(skipped),
    )


def _shortened(features: Array, frames: int) -> Array:
    first = loudest(features, round(ROOM * frames))
    return features[first : first + round(ROOM * frames)]


def _stacked(clips: Sequence[Array], labels: Sequence[int]) -> Teaching:
    features = np.zeros((len(clips), max(map(len, clips)), clips[0].shape[1]), np.float32)
    for row, clip in zip(features, clips, strict=True):
        row[: len(clip)] = clip
    lengths = torch.tensor([len(clip) for clip in clips], dtype=torch.int64)
    silence = torch.from_numpy(np.stack([silence_of(clip) for clip in clips]))
    return Teaching(torch.from_numpy(features), lengths, silence, torch.tensor(labels, dtype=torch.int64))


def _check(words: tuple[str, ...], taught: Sequence[tuple[str, Array, int]], skipped: Sequence[Skipped]) -> None:
    heard = {label for _, _, label in taught}
    missing = [word for label, word in enumerate(words) if label not in heard]
    if missing:
        first = f", the first ({skipped[0].where}) because it {skipped[0].why}" if skipped else ""
        raise DataError(f"no clip of {missing[0]!r} can be learnt from; {len(skipped)} clips were skipped{first}")
