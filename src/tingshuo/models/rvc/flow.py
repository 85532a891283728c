"""From latents that any speaker could have said to those of one speaker: invertible steps, run backwards.

A step splits the channels in two; the first half and the speaker say what to take from the second. Between steps the order of
all channels is turned round, so that every channel gets its turn.

Inside, everything is a picture one row high (`tingshuo.models.layers.row_conv`).

Sources: L. Dinh et al. 2017, "Density estimation using Real NVP"; R. Prenger et al. 2018, "WaveGlow".
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.row_conv import RowConv
from tingshuo.models.rvc.config import FLOW_KERNEL, RvcConfig


class GatedLayers(nn.Module):
    """Convolutions whose tanh half is let through by their sigmoid half; all of them add to the result.

    Parameters
    ----------
    config : RvcConfig
        Sizes; the speaker shifts both halves of every layer.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.dim = dim = config.dim
        layers = range(config.flow_layers)
        self.convs = nn.ModuleList(RowConv(dim, 2 * dim, FLOW_KERNEL, padding=FLOW_KERNEL // 2) for _ in layers)
        # To the next layer and to the result; the last layer has no next one.
        self.ends = nn.ModuleList(RowConv(dim, dim if layer == layers[-1] else 2 * dim, 1) for layer in layers)
        self.speaker = RowConv(config.speaker_dim, 2 * dim * len(layers), 1)

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        """Transform ``x`` (B, dim, 1, N) with ``speaker`` (B, speaker_dim, 1, 1)."""
        shifts = self.speaker(speaker)
        results = []
        for layer, (conv, end) in enumerate(zip(self.convs, self.ends, strict=True)):
            y = conv(x) + shifts[:, 2 * self.dim * layer : 2 * self.dim * (layer + 1)]
            ended = end(torch.tanh(y[:, : self.dim]) * torch.sigmoid(y[:, self.dim :]))
            results.append(ended[:, -self.dim :])
            if layer < len(self.ends) - 1:
                x = x + ended[:, : self.dim]
        total: Tensor = sum(results[1:], results[0])
        return total


class Coupling(nn.Module):
    """One step: the first half of the channels steers what is taken from the second."""

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        half = config.latent // 2
        self.enter = RowConv(half, config.dim, 1)
        self.gated = GatedLayers(config)
        self.leave = RowConv(config.dim, half, 1)

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        """Undo the step: ``x`` (B, latent, 1, N), ``speaker`` (B, speaker_dim, 1, 1)."""
        half = x.shape[1] // 2
        steering, steered = x[:, :half], x[:, half:]
        # Means only: the family's steps can scale as well, here they never do.
        return torch.cat([steering, steered - self.leave(self.gated(self.enter(steering), speaker))], 1)


class Flow(nn.Module):
    """All steps, last one first.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(config) for _ in range(config.flow_steps))

    def forward(self, latent: Tensor, speaker: Tensor) -> Tensor:
        """Return the latents of a speaker.

        Parameters
        ----------
        latent : Tensor
            (B, latent, N), drawn from the encoder's means and deviations.
        speaker : Tensor
            (B, speaker_dim), a row of the speaker table or a mixture of rows.

        Returns
        -------
        Tensor
            (B, latent, N); a frame depends on ``flow_context_frames`` of the config either side.
        """
        x, given = latent[:, :, None], speaker[:, :, None, None]
        for coupling in reversed(self.couplings):
            x = coupling(x.flip(1), given)  # the turn comes first, as everything runs backwards
        return x[:, :, 0]
