"""Which state of which phone a frame is in: a perceptron of several layers, each frame judged from itself and those around it.

Source: G. Hinton et al., "Deep neural networks for acoustic modeling in speech recognition", 2012; rectifiers instead of sigmoids
after A. Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from tingshuo.models.dnn.config import DnnConfig


class Dnn(nn.Module):
    """The net.

    Parameters
    ----------
    config : DnnConfig
        Sizes.
    dropout : float
        Share of hidden features that are dropped while it learns.
    """

    def __init__(self, config: DnnConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        sizes = [config.inputs, *[config.dim] * config.layers]
        self.hidden = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))
        self.dropout = nn.Dropout(dropout)
        self.judge = nn.Linear(config.dim, config.states)
        for layer in self.hidden:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits: (N, inputs) to (N, states)."""
        x = frames
        for layer in self.hidden:
            x = self.dropout(torch.relu(layer(x)))
        logits: Tensor = self.judge(x)
        return logits
