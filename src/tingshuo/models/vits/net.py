"""VITS for speaking: phonemes and noise to a wave.

The parts are used one after the other, with random draws between them that the caller makes (`tingshuo.tasks.piper.loop`):
encoder, durations, flow, decoder. What only training needs is not here: the posterior encoder, the forward direction of the
flows, the discriminators; weight norm is folded into the weights.

Sources: J. Kim et al. 2021, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech"; the
numbers that Piper's voices give.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.coupling import CouplingFlow
from tingshuo.models.vits.config import VitsConfig
from tingshuo.models.vits.decoder import Decoder
from tingshuo.models.vits.duration import PlainDurations, StochasticDurations
from tingshuo.models.vits.encoder import Encoder


class Vits(nn.Module):
    """A voice.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.duration = StochasticDurations(config) if config.stochastic else PlainDurations(config)
        sizes = (config.flow_steps, config.latent, config.dim, config.flow_layers, config.flow_kernel, config.speaker_dim)
        self.flow = CouplingFlow(*sizes)
        self.decoder = Decoder(config)
        self.speakers = nn.Embedding(config.speakers, config.speaker_dim) if config.speaker_dim else None

    def frames(
        self, ids: Tensor, duration_noise: Tensor | None, length_scale: float = 1.0, speaker_id: Tensor | None = None
    ) -> Tensor:
        """Return the frames of each phoneme, (N,) int64; for the inputs see `forward`."""
        return self._laid_out(ids, duration_noise, length_scale, self._speaker(speaker_id))[0]

    def _speaker(self, speaker_id: Tensor | None) -> Tensor | None:
        return None if self.speakers is None else self.speakers(speaker_id)

    def _laid_out(
        self, ids: Tensor, duration_noise: Tensor | None, length_scale: float, speaker: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the frames of each phoneme, and mean and deviation of each frame's latents."""
        hidden, mean, log_deviation = self.encoder(ids)
        if self.config.stochastic:
            draws = hidden.new_zeros(1, 2, hidden.shape[2]) if duration_noise is None else duration_noise
            log_duration = self.duration(hidden, draws, speaker)
        else:
            log_duration = self.duration(hidden, speaker)
        # Rounded up, so never 0: the exponential is not.
        frames = torch.ceil(torch.exp(log_duration[0]) * length_scale).long()
        return frames, mean.repeat_interleave(frames, 2), torch.exp(log_deviation).repeat_interleave(frames, 2)

    def forward(
        self,
        ids: Tensor,
        duration_noise: Tensor | None,
        noise: Tensor | None,
        length_scale: float = 1.0,
        speaker_id: Tensor | None = None,
    ) -> Tensor:
        """Speak one sentence.

        Parameters
        ----------
        ids : Tensor
            (1, N), int64.
        duration_noise : Tensor or None
            (1, 2, N), normal and scaled; None takes zeros, or is for a voice whose durations are predicted.
        noise : Tensor or None
            (1, latent, frames), normal and scaled; longer than needed it is cut. None takes the means.
        length_scale : float
            Factor of every duration.
        speaker_id : Tensor or None
            (1,), int64; None where there is only one.

        Returns
        -------
        Tensor
            (1, frames * hop_length), in [-1, 1].
        """
        speaker = self._speaker(speaker_id)
        _, mean, deviation = self._laid_out(ids, duration_noise, length_scale, speaker)
        latent = mean if noise is None else mean + deviation * noise[:, :, : mean.shape[2]]
        wav: Tensor = self.decoder(self.flow(latent, speaker), speaker)
        return wav
