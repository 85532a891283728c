"""Invertible steps that shift one half of the channels by what the other half says, run backwards.

Between steps the order of all channels is turned round, so that every channel gets its turn. Inside, everything is a picture one
row high (`tingshuo.models.layers.row_conv`).

Sources: L. Dinh et al. 2017, "Density estimation using Real NVP"; R. Prenger et al. 2018, "WaveGlow".
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.row_conv import RowConv


class GatedLayers(nn.Module):
    """Convolutions whose tanh half is let through by their sigmoid half; all of them add to the result.

    Parameters
    ----------
    dim, layers, kernel : int
        Features, number of layers, and width of their convolutions.
    speaker_dim : int
        Features of a speaker, who shifts both halves of every layer; 0 where there is only one.
    """

    def __init__(self, dim: int, layers: int, kernel: int, speaker_dim: int = 0) -> None:
        super().__init__()
        self.dim = dim
        self.convs = nn.ModuleList(RowConv(dim, 2 * dim, kernel, padding=kernel // 2) for _ in range(layers))
        # To the next layer and to the result; the last layer has no next one.
        self.ends = nn.ModuleList(RowConv(dim, dim if layer == layers - 1 else 2 * dim, 1) for layer in range(layers))
        self.speaker = RowConv(speaker_dim, 2 * dim * layers, 1) if speaker_dim else None

    def forward(self, x: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Transform ``x`` (B, dim, 1, N) with ``speaker`` (B, speaker_dim, 1, 1)."""
        shifts = None if self.speaker is None else self.speaker(speaker)
        results = []
        for layer, (conv, end) in enumerate(zip(self.convs, self.ends, strict=True)):
            y = conv(x)
            if shifts is not None:
                y = y + shifts[:, 2 * self.dim * layer : 2 * self.dim * (layer + 1)]
            ended = end(torch.tanh(y[:, : self.dim]) * torch.sigmoid(y[:, self.dim :]))
            results.append(ended[:, -self.dim :])
            if layer < len(self.ends) - 1:
                x = x + ended[:, : self.dim]
        total: Tensor = sum(results[1:], results[0])
        return total


class Coupling(nn.Module):
    """One step: the first half of the channels steers what is taken from the second.

    Parameters
    ----------
    latent : int
        Channels, even.
    dim, layers, kernel, speaker_dim : int
        Of its `GatedLayers`.
    """

    def __init__(self, latent: int, dim: int, layers: int, kernel: int, speaker_dim: int = 0) -> None:
        super().__init__()
        self.enter = RowConv(latent // 2, dim, 1)
        self.gated = GatedLayers(dim, layers, kernel, speaker_dim)
        self.leave = RowConv(dim, latent // 2, 1)

    def forward(self, x: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Undo the step: ``x`` (B, latent, 1, N), ``speaker`` (B, speaker_dim, 1, 1)."""
        half = x.shape[1] // 2
        steering, steered = x[:, :half], x[:, half:]
        # Means only: such steps can scale as well, in the VITS family they never do.
        return torch.cat([steering, steered - self.leave(self.gated(self.enter(steering), speaker))], 1)


class CouplingFlow(nn.Module):
    """All steps, last one first.

    Parameters
    ----------
    steps : int
        How many.
    latent, dim, layers, kernel, speaker_dim : int
        Of each `Coupling`.
    """

    def __init__(self, steps: int, latent: int, dim: int, layers: int, kernel: int, speaker_dim: int = 0) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(latent, dim, layers, kernel, speaker_dim) for _ in range(steps))

    def forward(self, latent: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Undo all steps.

        Parameters
        ----------
        latent : Tensor
            (B, latent, N).
        speaker : Tensor or None
            (B, speaker_dim); None where there is only one.

        Returns
        -------
        Tensor
            (B, latent, N); a step in time depends on ``steps * layers * (kernel // 2)`` either side.
        """
        x, given = latent[:, :, None], None if speaker is None else speaker[:, :, None, None]
        for coupling in reversed(self.couplings):
            x = coupling(x.flip(1), given)  # the turn comes first, as everything runs backwards
        return x[:, :, 0]
