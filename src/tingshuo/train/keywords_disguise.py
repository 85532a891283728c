"""Clips of words anywhere in their windows, at another tempo, and words that are none any more.

Source: T. Ko et al. 2015, "Audio augmentation for speech recognition" (tempo).
"""

import torch
from torch import Tensor

from tingshuo.train.disguise import between
from tingshuo.train.disguise_config import DisguiseConfig
from tingshuo.train.keywords_material import Teaching

FLUTTER = 0.5
"""Deviation of a band of silence from frame to frame, nepers."""
DEEPEST = 12.0
"""Nepers that silence may lie deeper than it was."""


def placed(clips: Teaching, rows: Tensor, frames: int, config: DisguiseConfig) -> Tensor:
    """Return windows (B, frames, M) in which the clips ``rows`` lie anywhere, at another tempo, among their silence."""
    features, lengths = clips.features[rows], clips.lengths[rows].float()
    count, bands = len(rows), features.shape[2]
    speed = torch.exp(between(-config.tempo, config.tempo, count))
    room = frames - lengths / speed
    begin = torch.where(room > 0, torch.rand(count) * room, room / 2 + between(-4, 4, count)).round()
    at = (torch.arange(frames) - begin[:, None]) * speed[:, None]
    inside = (at >= 0) & (at <= lengths[:, None] - 1)
    at = torch.minimum(at.clamp(min=0), lengths[:, None] - 1)
    low = at.floor().long()
    high = torch.minimum(low + 1, clips.lengths[rows][:, None] - 1)
    one = torch.arange(count)[:, None]
    window = torch.lerp(features[one, low], features[one, high], (at - low)[..., None])
    deeper = torch.rand(count, 1, 1) * DEEPEST * (torch.rand(count, 1, 1) < config.gated)
    silence = clips.silence[rows][:, None] - deeper + FLUTTER * torch.randn(count, frames, bands)
    return torch.where(inside[..., None], window, silence)


def spoilt(windows: Tensor, silence: Tensor) -> Tensor:
    """Return windows that hold no word any more: backwards, all but a part silenced, or silence alone.

    Parameters
    ----------
    windows : Tensor
        (B, T, M) with a word each.
    silence : Tensor
        (B, M), of the same clips.
    """
    count, frames, _ = windows.shape
    quiet = silence[:, None] + FLUTTER * torch.randn_like(windows)
    level = windows.mean(2) - silence.mean(1, keepdim=True)
    share = level.clamp(min=0).cumsum(1) / level.clamp(min=0).sum(1, keepdim=True).clamp(min=1e-3)
    cut = between(0.2, 0.45, count)[:, None]
    part = torch.where(torch.rand(count, 1) < 0.5, share < cut, share > 1 - cut)
    kind = torch.rand(count)[:, None, None]
    torn = torch.where(part[..., None], windows, quiet)
    found = torch.where(kind < 0.3, windows.flip(1), torn)
    assert found.shape[1] == frames
    return torch.where(kind > 0.9, quiet, found)
