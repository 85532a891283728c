"""Which clips are seen together: batches of like length, the same for the same seed and epoch, shared out among processes.

Every clip is in exactly one batch of an epoch, whatever the number of processes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TrainError

JITTER_FRAMES = 30.0
"""Lengths are sorted with so much noise, so that epochs group clips differently."""

Indices = NDArray[np.int64]
"""Indices of clips, (B,)."""


def make_batches(
    lengths: Sequence[int] | NDArray[np.int64], batch_frames: int, *, seed: int, epoch: int, rank: int = 0, world: int = 1
) -> list[Indices]:
    """Return the batches of one process in one epoch, in a random order.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each clip.
    batch_frames : int
        A batch padded to its longest clip has at most so many frames; a clip longer than that is a batch of its own. Only where
        a process would be left without a clip, the two shortest of such lone clips are joined.
    seed, epoch : int
        The result is a function of these alone.
    rank, world : int
        Process ``rank`` of ``world``. All have the same number of batches, and their batches of one step are of like length.

    Raises
    ------
    TrainError
        Fewer clips than processes, but not none, which make no batch.
    """
    if 0 < len(lengths) < world:
        raise TrainError(f"{len(lengths)} clips cannot be shared among {world} processes; start fewer of them")
    rng = np.random.default_rng((seed, epoch))
    groups = _grouped(np.asarray(lengths, np.int64), batch_frames, rng)
    more = -(-len(groups) // world) * world
    enough = len(lengths) >= more
    while len(groups) % world:
        groups = _split_largest(groups) if enough else _join_shortest(groups)
    steps = rng.permutation(len(groups) // world)
    return [groups[step * world + rank] for step in steps]


def _grouped(lengths: NDArray[np.int64], batch_frames: int, rng: np.random.Generator) -> list[Indices]:
    groups: list[Indices] = []
    group: list[int] = []
    longest = 0
    for clip in np.argsort(lengths + rng.random(len(lengths)) * JITTER_FRAMES, kind="stable"):
        grown = max(longest, int(lengths[clip]))
        if group and grown * (len(group) + 1) > batch_frames:
            groups.append(np.array(group, np.int64))
            group, grown = [], int(lengths[clip])
        group.append(int(clip))
        longest = grown
    if group:
        groups.append(np.array(group, np.int64))
    return groups


def _join_shortest(groups: list[Indices]) -> list[Indices]:
    """Make one of the first two batches, which have the shortest clips."""
    return [np.concatenate(groups[:2]), *groups[2:]]


def _split_largest(groups: list[Indices]) -> list[Indices]:
    """Split the batch with the most clips into two; order by length stays."""
    at = max(range(len(groups)), key=lambda index: len(groups[index]))
    half = len(groups[at]) // 2
    return [*groups[:at], groups[at][:half], groups[at][half:], *groups[at + 1 :]]
