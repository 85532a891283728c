"""Recordings as of other people, in other rooms, through other microphones: changed log-mels, anew each time they are heard.

Another vocal tract moves bands, a microphone adds a smooth curve, echoes and noise add up in the power domain, and stretches of
frames and bands are hidden. Random numbers are torch's, which the loop seeds at every step.

Sources: N. Jaitly and G. Hinton 2013, "Vocal tract length perturbation improves speech recognition"; D. Park et al. 2019,
"SpecAugment"; J. Polack 1988 (exponential decay of echoes).
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.train.disguise_config import DisguiseConfig

NEPERS_PER_DB = math.log(10) / 10
"""Of power."""
FRAME_S = 0.01
"""Seconds of a frame; echoes are for training alone, so it need not be exact."""
ECHO_STEPS = (1, 2, 4, 8, 16, 32)
BUMPS, TILTS = 6, 4
"""Points of the curves of noise and of microphones, joined by lines."""


def disguised(windows: Tensor, blank: Tensor, config: DisguiseConfig) -> Tensor:
    """Return windows (B, T, M) as of other people, in other rooms, with parts hidden; ``blank`` (F, M) is sound without words."""
    x = _other_tract(windows, config.tract_bands)
    x = _in_noise(_in_room(x, config), blank, config)
    x = x + config.colour_nepers * _curves(len(x), TILTS, x.shape[2])[:, None]
    mean = x.mean(1, keepdim=True).expand_as(x)  # what is hidden is nothing to the net, which takes the mean off
    for axis, masks, widest in ((2, config.band_masks, config.band_mask), (1, config.time_masks, config.time_mask)):
        for _ in range(masks):
            x = torch.where(_stretch(len(x), x.shape[axis], widest).unsqueeze(3 - axis), mean, x)
    return x


def pieces(blank: Tensor, count: int, frames: int) -> Tensor:
    """Return windows (count, frames, M) from anywhere in sound without words, which has more frames than one."""
    first = torch.randint(0, len(blank) - frames + 1, (count,))
    return blank[first[:, None] + torch.arange(frames)]


def between(low: float, high: float, count: int) -> Tensor:
    """Return numbers (count,) drawn evenly between two."""
    return low + (high - low) * torch.rand(count)


def _curves(count: int, points: int, bands: int) -> Tensor:
    """Return smooth random curves (count, bands) of deviation about 1."""
    return nn.functional.interpolate(torch.randn(count, 1, points), size=bands, mode="linear")[:, 0]


def _stretch(count: int, size: int, widest: int) -> Tensor:
    """Return where a stretch of up to ``widest`` of ``size`` places lies, (count, size)."""
    width = torch.randint(0, widest + 1, (count, 1))
    first = (torch.rand(count, 1) * (size - width)).long()
    places = torch.arange(size)
    return (places >= first) & (places < first + width)


def _other_tract(windows: Tensor, furthest: float) -> Tensor:
    """Move bands, the upper ones most, as far as ``furthest``."""
    count, frames, bands = windows.shape
    place = torch.arange(bands, dtype=torch.float32)
    move = between(-furthest, furthest, count)[:, None] * torch.sqrt(place / bands)
    source = (place + move).clamp(0, bands - 1)
    low = source.floor().long()
    high = (low + 1).clamp(max=bands - 1)
    share = (source - low)[:, None]
    spread = (count, frames, bands)
    return torch.lerp(windows.gather(2, low[:, None].expand(spread)), windows.gather(2, high[:, None].expand(spread)), share)


def _in_room(windows: Tensor, config: DisguiseConfig) -> Tensor:
    """Add the echo of a room to a share of the windows: power that decays exponentially."""
    count = len(windows)
    falls = torch.exp(-60 * NEPERS_PER_DB * FRAME_S / between(*config.decay_s, count))[:, None, None]
    top = windows.amax((1, 2), keepdim=True)
    power = torch.exp(windows - top)
    echo = power
    for step in ECHO_STEPS:  # doubles how many frames back it reaches
        echo = echo + falls**step * nn.functional.pad(echo, (0, 0, step, 0))[:, : echo.shape[1]]
    level = torch.exp(NEPERS_PER_DB * between(*config.echo_db, count))[:, None, None]
    wet = torch.log(power + level * (1 - falls) * echo) + top
    return torch.where((torch.rand(count) < config.rooms)[:, None, None], wet, windows)


def _in_noise(windows: Tensor, blank: Tensor, config: DisguiseConfig) -> Tensor:
    """Add noise to a share of the windows: stationary of any colour, or what is in ``blank``."""
    count, frames, bands = windows.shape
    colour = 2 * _curves(count, BUMPS, bands)
    # The power of a band of Gaussian noise is distributed exponentially.
    power = torch.log(-torch.log(torch.rand(windows.shape).clamp(1e-6, 1 - 1e-6))).clamp(min=-4)
    noise = colour[:, None] + power - (colour.logsumexp(1) - math.log(bands))[:, None, None]
    if len(blank) > frames:
        talk = pieces(blank, count, frames)
        noise = torch.where((torch.rand(count) < 1 / 3)[:, None, None], talk - _loudness(talk), noise)
    below = NEPERS_PER_DB * between(*config.snr_db, count)[:, None, None]
    noisy = torch.logaddexp(windows, noise + _loudness(windows) - below)
    return torch.where((torch.rand(count) < config.noisy)[:, None, None], noisy, windows)


def _loudness(windows: Tensor) -> Tensor:
    """Return the level of the loudest frames of windows, band by band on average, (B, 1, 1)."""
    return windows.amax(1).mean(1)[:, None, None]
