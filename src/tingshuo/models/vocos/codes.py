"""Vocos on the codes of a neural codec: of a frame, one code of each codebook, whose vectors are added up.

The codec (EnCodec) refines a frame by codebook after codebook, and how many there are is its bandwidth, which scale and shift of
the norms depend on. Letters as in `tingshuo.models.vocos.net`; Q codebooks that are used. Sources: H. Siuzdak 2023, "Vocos", and
its ``configs/vocos-encodec.yaml`` at https://github.com/gemelo-ai/vocos (MIT); A. Defossez et al. 2022, "High Fidelity Neural
Audio Compression".
"""

import torch
from torch import Tensor, nn

from tingshuo.models.vocos.config import CodeVocosConfig
from tingshuo.models.vocos.net import Backbone, Head


class CodeVocos(nn.Module):
    """The vocoder.

    Parameters
    ----------
    config : CodeVocosConfig
        Sizes.
    """

    def __init__(self, config: CodeVocosConfig) -> None:
        super().__init__()
        self.config = config
        self.codebooks = nn.Embedding(config.codebooks * config.codebook_size, config.code_dim)
        self.backbone = Backbone(config.vocos, config.bandwidths)
        self.head = Head(config.vocos)

    def features(self, codes: Tensor) -> Tensor:
        """Return the sum of the vectors of codes (B, Q, F), each of its own codebook: (B, code_dim, F)."""
        begins = torch.arange(codes.shape[1], device=codes.device) * self.config.codebook_size
        summed: Tensor = self.codebooks(codes + begins[:, None]).sum(1).transpose(1, 2)
        return summed

    def forward(self, codes: Tensor, bandwidth: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the transform.

        Parameters
        ----------
        codes : Tensor
            (B, Q, F) int64, of the first Q codebooks, 0 to ``codebook_size`` - 1.
        bandwidth : Tensor
            (B,) int64, which of the bandwidths.

        Returns
        -------
        log_magnitude, phase : Tensor
            As of `tingshuo.models.vocos.net.Vocos.forward`.
        """
        log_magnitude, phase = self.head(self.backbone(self.features(codes), bandwidth))
        return log_magnitude, phase
