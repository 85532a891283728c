"""Short pieces of clips, drawn by speaker, as tensors: what a vocoder learns from.

A segment of F hops has F + 1 frames, centred at multiples of the hop, and the F hops of samples between the first and the last
centre. Which segments an epoch has is a function of (seed, epoch) alone.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.audio.band import known_hz
from tingshuo.data.features import FULL_SCALE, Clip, Features
from tingshuo.errors import TrainError
from tingshuo.models.layers.mel import log_mel

Rows = NDArray[np.int64]
"""(B, 2): index of a clip, and the segment's first frame in it."""


class Segments(NamedTuple):
    """``mel`` (B, n_mels, F + 1), ``f0`` (B, F + 1) Hz, 0 = unvoiced, ``wav`` (B, F * hop), ``known_hz`` (B,)."""

    mel: Tensor
    f0: Tensor
    wav: Tensor
    known_hz: Tensor


Cutter = Callable[[Features, Sequence[Clip], Rows, int, torch.device], Segments]
"""What cuts segments: see `cut`."""


def cut(features: Features, clips: Sequence[Clip], rows: Rows, frames: int, device: torch.device) -> Segments:
    """Cut segments of ``frames`` hops out of clips; mels are those of the whole clip, silence follows it."""
    config = features.config.mel
    hop, edge = config.hop_length, -(-config.n_fft // (2 * config.hop_length))
    wide = np.zeros((len(rows), (frames + 2 * edge) * hop), np.int16)
    f0 = np.zeros((len(rows), frames + 1), np.float32)
    for row, (index, first) in enumerate(rows):
        clip = clips[index]
        start, stop = (int(first) - edge) * hop, (int(first) + frames + edge) * hop
        low, high = max(start, 0), min(stop, clip.n_samples)
        wide[row, low - start : high - start] = features.wav[clip.start_samples + low : clip.start_samples + high]
        f0[row] = features.f0[clip.f0_start + first : clip.f0_start + first + frames + 1]
    wav = torch.from_numpy(wide).to(device).float() / FULL_SCALE
    begin = edge * hop + (0 if config.framing == "center" else hop // 2)
    bandwidth = torch.tensor([known_hz(clips[index].bandwidth_hz, config.sample_rate) for index, _ in rows], device=device)
    mel = log_mel(wav, config)[:, :, edge : edge + frames + 1]
    return Segments(mel, torch.from_numpy(f0).to(device), wav[:, begin : begin + frames * hop], bandwidth)


class SegmentSampler:
    """Draws segments: speakers by their shares, clips of a speaker by length, places evenly.

    Parameters
    ----------
    clips : sequence of Clip
        Those of split ``train`` are drawn from.
    frames : int
        Hops of a segment; shorter clips are left out.
    shares : Mapping[str, float]
        Speaker to share; speakers who are not named share the rest by how much there is of them. When everybody is named, the
        shares are scaled to sum to 1.

    Raises
    ------
    TrainError
        No clip is long enough, a share is of a speaker who has none, or the shares exceed 1.
    """

    def __init__(self, clips: Sequence[Clip], frames: int, shares: Mapping[str, float]) -> None:
        self.frames = frames
        lengths = np.array([clip.frames - frames if clip.split == "train" else -1 for clip in clips])
        self._index = np.flatnonzero(lengths >= 0)
        if not len(self._index):
            raise TrainError(f"no clip has the {frames} frames of a segment; give longer recordings or a smaller vocoder.frames")
        self._room = lengths[self._index] + 1
        speakers = np.array([clips[int(index)].speaker for index in self._index])
        self._weights = _weights(speakers, self._room + frames - 1, shares)

    @property
    def frames_in_all(self) -> int:
        """Frames of all clips that may be drawn."""
        return int((self._room + self.frames - 1).sum())

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        """Return the places of ``count`` segments."""
        picked = rng.choice(len(self._index), count, p=self._weights)
        return np.stack([self._index[picked], rng.integers(self._room[picked])], 1).astype(np.int64)


def _weights(speakers: NDArray[np.str_], frames: Rows, shares: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the probability of each clip."""
    absent = sorted(set(shares) - set(speakers.tolist()))
    if absent:
        raise TrainError(f"vocoder.shares names {absent[0]!r}, of whom no clip is long enough")
    rest = 1 - sum(shares.values())
    others = ~np.isin(speakers, list(shares))
    if rest < -1e-6:
        raise TrainError(f"vocoder.shares sum to {1 - rest:g}; they must sum to at most 1")
    groups = [(speakers == name, share) for name, share in shares.items()] + [(others, max(rest, 0.0))]
    weights = np.zeros(len(speakers))
    for group, share in groups:
        if group.any():
            weights[group] = share * frames[group] / frames[group].sum()
    if not weights.any():
        raise TrainError("vocoder.shares leave nothing to draw from; give a speaker a share above 0")
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances
