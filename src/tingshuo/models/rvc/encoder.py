"""From content and pitch to where the latents of a voice lie.

Letters: B batch, N frames. Source: J. Kim et al. 2021, "Conditional Variational Autoencoder with Adversarial Learning for
End-to-End Text-to-Speech".
"""

import math

from torch import Tensor, nn

from tingshuo.models.layers.relative_attention import RelativeLayer, near_steps
from tingshuo.models.rvc.config import RvcConfig

REACH = 10
"""Frames either side that have a distance of their own; elsewhere in the VITS family there are 4."""
PITCHES = 256
"""Rows of the pitch table; 0 is never used, 1 is unvoiced."""
SLOPE = 0.1


class Encoder(nn.Module):
    """Content and pitch to mean and deviation of the latents.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.scale = math.sqrt(config.dim)
        self.content = nn.Linear(config.content_dim, config.dim)
        self.pitch = nn.Embedding(PITCHES, config.dim) if config.pitched else None
        sizes = (config.dim, config.encoder_hidden, config.heads, REACH, config.encoder_kernel)
        self.layers = nn.ModuleList(RelativeLayer(*sizes) for _ in range(config.encoder_layers))
        self.prior = nn.Conv1d(config.dim, 2 * config.latent, 1)

    def hidden(self, content: Tensor, pitch: Tensor | None = None) -> Tensor:
        """Return the last layer, (B, dim, N); for the inputs see `forward`."""
        x = self.content(content)
        if self.pitch is not None:
            x = x + self.pitch(pitch)
        # Scaled after the sum, so the pitch table is scaled too.
        x = nn.functional.leaky_relu(x * self.scale, SLOPE).transpose(1, 2)
        near = near_steps(x, self.heads, REACH)
        for layer in self.layers:
            x = layer(x, near)
        hidden: Tensor = x
        return hidden

    def forward(self, content: Tensor, pitch: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode a whole utterance; attention is over all of it, so pieces give other numbers.

        Parameters
        ----------
        content : Tensor
            (B, N, content_dim), 100 a second.
        pitch : Tensor or None
            (B, N), 1..255, see `tingshuo.tasks.convert.loop.coarse_pitch`; None where the voice is not told the pitch.

        Returns
        -------
        mean, log_deviation : Tensor
            (B, latent, N) each.
        """
        both = self.prior(self.hidden(content, pitch))
        latent = both.shape[1] // 2
        return both[:, :latent], both[:, latent:]
