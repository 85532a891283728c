"""The recogniser: an encoder, CTC on its frames, and decoders that judge what CTC proposes."""

import torch
from torch import Tensor, nn

from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.decoder import Decoder
from tingshuo.models.conformer.encoder import Encoder


class Conformer(nn.Module):
    """The net.

    Parameters
    ----------
    config : ConformerConfig
        Sizes.
    dropout : float
        Of the encoder, while it is taught.
    """

    def __init__(self, config: ConformerConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, dropout)
        self.ctc = nn.Linear(config.dim, config.units)
        self.decoder = Decoder(config, config.decoder_layers) if config.decoder_layers else None
        self.reverse_decoder = Decoder(config, config.reverse_layers) if config.reverse_layers else None

    def classify(self, encoded: Tensor) -> Tensor:
        """Return log probabilities of the units at each frame, as CTC has them: (B, N, D) to (B, N, units)."""
        return torch.log_softmax(self.ctc(encoded), -1)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return `classify` of whole utterances, (B, T, M) with ``lengths`` (B,) as for `Encoder.forward`."""
        return self.classify(self.encoder(features, lengths))
