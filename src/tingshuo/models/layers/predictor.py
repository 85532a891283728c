"""Convolutional predictor of a few numbers per step.

Source: the variance predictor of Ren et al. 2020, "FastSpeech 2", with GELU.
"""

from itertools import pairwise

from torch import Tensor, nn

from tingshuo.models.layers.dropout import Dropout
from tingshuo.models.layers.time_conv import convolve


class Predictor(nn.Module):
    """Convolution, GELU, layer norm, dropout, several times; then a linear layer.

    Parameters
    ----------
    dim : int
        Features of a step.
    hidden : int
        Features between the layers.
    layers : int
        Number of convolutions.
    kernel : int
        Width of each, odd.
    out : int
        Numbers predicted per step.
    dropout : float
        Probability of dropping a feature while training.
    """

    def __init__(self, dim: int, hidden: int, layers: int, kernel: int, out: int, dropout: float = 0.2) -> None:
        super().__init__()
        widths = [dim, *[hidden] * layers]
        self.convs = nn.ModuleList(nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.dropout = Dropout(dropout)
        self.out = nn.Linear(hidden, out)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Predict: ``x`` (B, N, D), ``valid`` (B, N) of 0 and 1 or None; returns (B, N, out)."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            if valid is not None:
                x = x * valid[..., None]
            x = self.dropout(norm(nn.functional.gelu(convolve(conv, x))))
        result: Tensor = self.out(x)
        return result
