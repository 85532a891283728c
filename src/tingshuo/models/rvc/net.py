"""RVC: what is said, by content vectors, and how high, by F0, spoken by another voice.

The parts are used one after the other, with random draws between them that the caller makes
(`tingshuo.tasks.convert.loop`): encoder, flow, source, decoder. For conversion only: the posterior encoder of the training is
not here, and weight norm is folded into the weights.

Source: the numbers that github.com/RVC-Project/Retrieval-based-Voice-Conversion-WebUI (MIT) gives at 4338f12.
"""

import torch
from torch import Tensor, nn

from tingshuo.config.rvc import NOISE_SCALE
from tingshuo.models.layers.coupling import CouplingFlow
from tingshuo.models.rvc.config import FLOW_KERNEL, RvcConfig
from tingshuo.models.rvc.decoder import Decoder
from tingshuo.models.rvc.encoder import Encoder
from tingshuo.models.rvc.source import Source


class Rvc(nn.Module):
    """A voice.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        gated = (config.dim, config.flow_layers, FLOW_KERNEL, config.speaker_dim)
        self.flow = CouplingFlow(config.flow_steps, config.latent, *gated)
        self.source = Source(config) if config.pitched else None
        self.decoder = Decoder(config)
        self.speakers = nn.Embedding(config.speakers, config.speaker_dim)

    def forward(
        self,
        content: Tensor,
        speaker_id: Tensor,
        noise: Tensor,
        pitch: Tensor | None = None,
        f0: Tensor | None = None,
        source_noise: Tensor | None = None,
    ) -> Tensor:
        """Convert whole utterances.

        Parameters
        ----------
        content : Tensor
            (B, N, content_dim).
        speaker_id : Tensor
            (B,), int64.
        noise : Tensor
            (B, latent, N), normal; zero takes the means.
        pitch, f0, source_noise : Tensor or None
            (B, N) int64, (B, N) Hz and (B, N, hop_length) normal; None where the voice is not told the pitch.

        Returns
        -------
        Tensor
            (B, N * hop_length), in [-1, 1].
        """
        speaker = self.speakers(speaker_id)
        mean, log_deviation = self.encoder(content, pitch)
        latent = self.flow(mean + torch.exp(log_deviation) * noise * NOISE_SCALE, speaker)
        excitation = None
        if self.source is not None:
            excitation, _ = self.source(f0, source_noise, torch.zeros_like(speaker_id))
        wav: Tensor = self.decoder(latent, speaker, excitation)
        return wav
