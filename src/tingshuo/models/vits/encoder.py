"""From phonemes to where the latents of each of them lie."""

import math

from torch import Tensor, nn

from tingshuo.models.layers.relative_attention import RelativeLayer, near_steps
from tingshuo.models.vits.config import REACH, VitsConfig


class Encoder(nn.Module):
    """Phonemes to hidden vectors, and to mean and deviation of the latents.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.scale = math.sqrt(config.dim)
        self.symbols = nn.Embedding(config.symbols, config.dim)
        self.layers = nn.ModuleList(
            RelativeLayer(config.dim, config.encoder_hidden, config.heads, REACH, config.encoder_kernel)
            for _ in range(config.encoder_layers)
        )
        self.prior = nn.Conv1d(config.dim, 2 * config.latent, 1)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode a whole sentence.

        Parameters
        ----------
        ids : Tensor
            (B, N), int64: rows of the phoneme table, with the pad between all phonemes as the voice was trained.

        Returns
        -------
        hidden : Tensor
            (B, dim, N), what durations are made of.
        mean, log_deviation : Tensor
            (B, latent, N) each, per phoneme.
        """
        x = (self.symbols(ids) * self.scale).transpose(1, 2)
        near = near_steps(x, self.heads, REACH)
        for layer in self.layers:
            x = layer(x, near)
        both = self.prior(x)
        latent = both.shape[1] // 2
        return x, both[:, :latent], both[:, latent:]
