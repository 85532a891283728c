"""What a decoder with pitch is excited by: a sine where there is a pitch, noise everywhere.

Source: X. Wang, S. Takaki and J. Yamagishi 2019, "Neural source-filter waveform models for statistical parametric speech
synthesis"; amplitudes are those of RVC, which has the fundamental alone and no overtones.
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.rvc.config import RvcConfig

SINE_GAIN = 0.1
VOICED_NOISE = 0.003
UNVOICED_NOISE = SINE_GAIN / 3
TURN = 1 << 40
"""A whole turn of the phase. Phases are sums of integers, so they never drift, and pieces join to the bit: in float32 a running
phase is off by 1e-3 after 10,000 samples and is worth nothing after ten seconds. An hour at 48 kHz is off by 8e-5 turns."""


class Source(nn.Module):
    """The excitation.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.hop_length = config.hop_length
        self.sample_rate = config.sample_rate
        self.mix = nn.Linear(1, 1)

    def forward(self, f0: Tensor, noise: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Excite some frames.

        Parameters
        ----------
        f0 : Tensor
            (B, N), Hz, 0 = unvoiced; held for a frame.
        noise : Tensor
            (B, N, hop_length), normal.
        phase : Tensor
            (B,), int64: 0 at the begin, then what the frames before gave; `TURN` is a whole turn.

        Returns
        -------
        excitation : Tensor
            (B, N, hop_length).
        phase : Tensor
            (B,), for the frames that follow.
        """
        # Two whole numbers instead of one factor: a graph keeps the constants of a net in float32.
        step = torch.round(f0.double() * TURN / self.sample_rate).long()
        ends = (phase[:, None] + torch.cumsum(step * self.hop_length, 1)) % TURN
        begins = torch.cat([phase[:, None], ends[:, :-1]], 1)
        # The first sample has moved by a step already.
        samples = torch.arange(1, self.hop_length + 1, device=f0.device)
        turns = (begins[:, :, None] + step[:, :, None] * samples) % TURN
        sine = torch.sin((turns.double() / TURN).float() * (2 * math.pi))
        voiced = (f0 > 0).float()[:, :, None]
        noisy = noise * (voiced * VOICED_NOISE + (1 - voiced) * UNVOICED_NOISE)
        mixed = self.mix((sine * SINE_GAIN * voiced + noisy)[..., None])
        return torch.tanh(mixed)[..., 0], ends[:, -1]
