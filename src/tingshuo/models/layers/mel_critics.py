"""Critics of mels: they tell recorded mels from predicted ones by their texture, patch by patch.

An L1 loss is content with the middle of all mels that could be, which is smooth where speech is not. A critic sees how much
neighbouring bands and frames differ. Each looks at whole mels through convolutions, so it scores patches: one critic those of
about 30 frames, the other, to which two frames are one, those of about 60. Least squares: recordings should score 1,
predictions 0.

Letters: B batch, M bands, F frames; P patches over bands, Q over frames. Sources: X. Mao et al. 2017, "Least squares generative
adversarial networks"; P. Isola et al. 2017, "Image-to-image translation with conditional adversarial networks" (patches); Y. Ren
et al. 2022, "Revisiting over-smoothness in text to speech" (critics of mels).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

SLOPE = 0.2
CHANNELS = (1, 16, 32, 64, 64)
STRIDES = ((2, 1), (2, 2), (2, 2), (1, 1))
"""Over bands and frames, of each convolution."""
POOLS = (1, 2)
"""Frames that are one to a critic."""
MEL_MEAN, MEL_STD = -4.0, 2.5
"""Of log-mels of speech, about: brings the input to a level of one."""


class Verdict(NamedTuple):
    """What a critic says: ``scores`` (B, 1, P, Q), and the ``features`` (B, C, ., .) of its layers.

    ``weights`` hold, for the scores and then for each of the features, how much of a place is speech, (B, 1, 1, .) in [0, 1].
    """

    scores: Tensor
    features: list[Tensor]
    weights: list[Tensor]


class MelCritic(nn.Module):
    """Scores patches of mels.

    Parameters
    ----------
    pool : int
        Frames that are one to it.
    """

    def __init__(self, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride, padding=1) for (a, b), stride in zip(pairwise(CHANNELS), STRIDES, strict=True)
        )
        self.out = nn.Conv2d(CHANNELS[-1], 1, 3, padding=1)
        for conv in (*self.convs, self.out):
            assert isinstance(conv, nn.Conv2d)
            nn.init.kaiming_normal_(conv.weight, a=SLOPE)
            assert conv.bias is not None
            nn.init.zeros_(conv.bias)
        nn.init.zeros_(self.out.weight)  # no opinion at first

    def forward(self, picture: Tensor, frames: Tensor) -> Verdict:
        """Judge pictures (B, 1, M, F); ``frames`` (B, F) is 1 where there is speech."""
        shape = (1, self.pool)
        x = nn.functional.avg_pool2d(picture, shape) if self.pool > 1 else picture
        share = frames[:, None, None]
        share = nn.functional.avg_pool2d(share, shape) if self.pool > 1 else share
        features, weights = [], []
        for conv, (_, stride) in zip(self.convs, STRIDES, strict=True):
            x = nn.functional.leaky_relu(conv(x), SLOPE)
            # As long as the convolution's output: a last frame on its own counts as a place.
            share = nn.functional.avg_pool2d(share, (1, stride), ceil_mode=True) if stride > 1 else share
            features.append(x)
            weights.append(share)
        return Verdict(self.out(x), features, [share, *weights])


class MelCritics(nn.Module):
    """A critic for each of `POOLS`."""

    def __init__(self) -> None:
        super().__init__()
        self.critics = nn.ModuleList(MelCritic(pool) for pool in POOLS)

    def forward(self, mel: Tensor, frames: Tensor, bands: Tensor) -> list[Verdict]:
        """Judge mels.

        Parameters
        ----------
        mel : Tensor
            (B, M, F), natural logarithm of magnitude.
        frames : Tensor
            (B, F), 1 in speech, 0 beyond the end of a clip.
        bands : Tensor
            (B, M), 0 for bands that are not to be judged.
        """
        picture = (mel - MEL_MEAN) / MEL_STD * bands[..., None] * frames[:, None]
        # Channels last makes convolutions of few channels faster; the weights stay as they are, so checkpoints know one order.
        picture = picture[:, None].contiguous(memory_format=torch.channels_last)
        return [critic(picture, frames) for critic in self.critics]


def mel_critic_loss(real: Sequence[Verdict], fake: Sequence[Verdict]) -> Tensor:
    """Return the loss of critics, the mean over them: 0 when they are always right, 0.5 when they know nothing."""
    parts = [
        _mean((1 - ours.scores).square(), ours.weights[0]) + _mean(theirs.scores.square(), theirs.weights[0])
        for ours, theirs in zip(real, fake, strict=True)
    ]
    return torch.stack(parts).mean()


def mel_adversarial_loss(fake: Sequence[Verdict]) -> Tensor:
    """Return what a decoder is told: how far its mels are from scoring 1, squared."""
    return torch.stack([_mean((1 - verdict.scores).square(), verdict.weights[0]) for verdict in fake]).mean()


def mel_matching_loss(real: Sequence[Verdict], fake: Sequence[Verdict]) -> Tensor:
    """Return the mean L1 distance between the features of recordings, held fixed, and of predictions."""
    parts = [
        _mean((theirs.float() - ours.detach().float()).abs(), weight)
        for a, b in zip(real, fake, strict=True)
        for ours, theirs, weight in zip(a.features, b.features, a.weights[1:], strict=True)
    ]
    return torch.stack(parts).mean()


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of (B, C, P, Q) with weights (B, 1, 1, Q)."""
    _, channels, places, _ = values.shape
    return (values.float() * weights).sum() / (weights.sum() * channels * places).clamp(min=1e-6)
