"""Which of a few words lies in a window of log-mel frames.

::

    log-mel (B, T, M) less the mean of each band over the window
      -> pairs of frames, convolution -> blocks -> wide frames -> weighted mean and mean over time -> a row for each word

A block is two depthwise-separable convolutions with a residual around them. The window is normalised inside the net, so nothing
but log-mels has to be computed around it, and the level of a recording does not matter.

Sources: S. Majumdar and B. Ginsburg 2020, "MatchboxNet" (residual blocks of time-channel separable convolutions); S. Choi et al.
2019, "Temporal convolution for real-time keyword spotting on mobile devices" (bands as channels, convolution over time alone);
K. Okabe, T. Koshinaka and K. Shinoda 2018, "Attentive statistics pooling" (the weighted mean, here one weight a feature).
"""

import torch
from torch import Tensor, nn

from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.models.layers.time_conv import convolve

SPREAD = 3.0
"""Nepers; log-mels of speech less their mean, over this, are about one."""


class Normed(nn.Module):
    """A layer over features; while it learns, with a batch norm behind, which `fold` makes part of it."""

    def __init__(self, layer: nn.Linear | nn.Conv1d, *, learning: bool) -> None:
        super().__init__()
        self.layer = layer
        self.norm: nn.Module = nn.BatchNorm1d(layer.weight.shape[0]) if learning else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, n_in) -> (B, F, n_out)."""
        y = convolve(self.layer, x) if isinstance(self.layer, nn.Conv1d) else self.layer(x)
        if isinstance(self.norm, nn.BatchNorm1d):
            y = self.norm(y.flatten(0, 1)).view_as(y)
        return y

    @torch.no_grad()
    def fold(self) -> None:
        """Make the norm part of the layer."""
        norm, layer = self.norm, self.layer
        if isinstance(norm, nn.BatchNorm1d):
            mean, variance, bias = norm.running_mean, norm.running_var, layer.bias
            assert mean is not None
            assert variance is not None
            assert bias is not None
            scale = norm.weight / torch.sqrt(variance + norm.eps)
            layer.weight.mul_(scale.view(-1, *[1] * (layer.weight.ndim - 1)))
            bias.copy_((bias - mean) * scale + norm.bias)
            self.norm = nn.Identity()


class Separable(nn.Module):
    """A convolution over time of each feature alone, then a product over the features of each frame."""

    def __init__(self, dim: int, kernel: int, *, learning: bool) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.pointwise = Normed(nn.Linear(dim, dim), learning=learning)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, D) -> (B, F, D)."""
        y: Tensor = self.pointwise(convolve(self.depthwise, x))
        return y


class Block(nn.Module):
    """Two separable convolutions, added to what they were given."""

    def __init__(self, dim: int, kernel: int, dropout: float, *, learning: bool) -> None:
        super().__init__()
        self.first = Separable(dim, kernel, learning=learning)
        self.second = Separable(dim, kernel, learning=learning)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, D) -> (B, F, D)."""
        y: Tensor = self.second(self.dropout(torch.relu(self.first(x))))
        return torch.relu(x + y)


class KeywordsNet(nn.Module):
    """Tells which of a few words lies in a window.

    Parameters
    ----------
    config : KeywordsConfig
        Sizes.
    learning : bool
        With batch norms, which `folded` makes part of the convolutions.
    dropout : float
        Share of features that are dropped while it learns.
    """

    def __init__(self, config: KeywordsConfig, *, learning: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.entry = Normed(nn.Conv1d(config.mels * config.stack, config.dim, 3, padding=1), learning=learning)
        self.blocks = nn.ModuleList([Block(config.dim, kernel, dropout, learning=learning) for kernel in config.kernels])
        self.widen = Normed(nn.Linear(config.dim, config.wide), learning=learning)
        self.attention = nn.Linear(config.wide, config.wide)
        self.dropout = nn.Dropout(2 * dropout)
        self.judge = nn.Linear(2 * config.wide, config.rows)

    def forward(self, features: Tensor) -> Tensor:
        """Judge windows.

        Parameters
        ----------
        features : Tensor
            (B, T, M) log-mels, T as in the config.

        Returns
        -------
        Tensor
            (B, rows), logits.
        """
        config = self.config
        x = (features - features.mean(1, keepdim=True)) / SPREAD
        x = x.reshape(-1, config.frames // config.stack, config.mels * config.stack)
        x = torch.relu(self.entry(x))
        for block in self.blocks:
            x = block(x)
        x = torch.relu(self.widen(x))
        heeded = (torch.softmax(self.attention(x), 1) * x).sum(1, keepdim=True)
        pooled = torch.cat([heeded, x.mean(1, keepdim=True)], 2)
        logits: Tensor = self.judge(self.dropout(pooled))
        return logits[:, 0]

    def folded(self) -> "KeywordsNet":
        """Return the same net without norms, in evaluation mode, with the tensors that a bundle holds."""
        twin = KeywordsNet(self.config, learning=True)
        twin.load_state_dict(self.state_dict())
        for module in twin.modules():
            if isinstance(module, Normed):
                module.fold()
        return twin.eval()
