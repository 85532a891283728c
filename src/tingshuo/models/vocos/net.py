"""Vocos: a ConvNeXt backbone at frame rate that predicts the STFT of the wave.

`Vocos.forward` is the net alone, what a bundle's graph computes; `Vocos.synthesize` goes on to the wave, in torch, for losses
and for reference. Parameter names are those of the public mel-24khz checkpoint (``backbone.convnext.0.dwconv.weight`` ...), so
that its tensors fit by name.

Letters: B batch, F frames, T samples, D features, K = n_fft / 2 + 1 bins. Source: H. Siuzdak 2023, "Vocos: Closing the gap
between time-domain and Fourier-based neural vocoders for high-quality audio synthesis".
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.stft import hann_window
from tingshuo.models.vocos.config import VocosConfig

KERNEL = 7
EPS = 1e-6
"""Of every layer norm."""
LARGEST_MAGNITUDE = 100.0
INITIAL_STD = 0.02


class AdaptiveNorm(nn.Module):
    """A layer norm whose scale and shift are rows of two tables.

    Parameters
    ----------
    rows : int
        Of the tables.
    dim : int
        Features.
    """

    def __init__(self, rows: int, dim: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Embedding(rows, dim), nn.Embedding(rows, dim)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, row: Tensor) -> Tensor:
        """Norm frames (B, F, D) by row (B,)."""
        normed = nn.functional.layer_norm(x, (x.shape[2],), eps=EPS)
        shifted: Tensor = normed * self.scale(row)[:, None] + self.shift(row)[:, None]
        return shifted


class Block(nn.Module):
    """ConvNeXt block of the public layout: depthwise convolution, norm, perceptron, a learnt scale per feature, residual.

    Parameters
    ----------
    dim, hidden : int
        Features of a frame and inside the perceptron.
    scale : float
        Initial value of ``gamma``, the factor on what the block adds.
    rows : int
        Of an `AdaptiveNorm`; 0 is a plain one.
    """

    def __init__(self, dim: int, hidden: int, scale: float, rows: int = 0) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = AdaptiveNorm(rows, dim) if rows else nn.LayerNorm(dim, eps=EPS)
        self.pwconv1 = nn.Linear(dim, hidden)
        self.pwconv2 = nn.Linear(hidden, dim)
        self.gamma = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor, row: Tensor | None = None) -> Tensor:
        """Transform frames (B, F, D), with the row (B,) of an adaptive norm."""
        y = self.dwconv(x.transpose(1, 2)).transpose(1, 2)
        normed = self.norm(y) if row is None else self.norm(y, row)
        y = self.pwconv2(nn.functional.gelu(self.pwconv1(normed)))
        out: Tensor = x + self.gamma * y
        return out


class Backbone(nn.Module):
    """Mel (B, mels, F) to features (B, F, D).

    Parameters
    ----------
    config : VocosConfig
        Sizes.
    rows : int
        Of the adaptive norms, see `AdaptiveNorm`; 0 where they are plain.
    """

    def __init__(self, config: VocosConfig, rows: int = 0) -> None:
        super().__init__()
        dim = config.dim
        self.embed = nn.Conv1d(config.mels, dim, KERNEL, padding=KERNEL // 2)
        self.norm = AdaptiveNorm(rows, dim) if rows else nn.LayerNorm(dim, eps=EPS)
        self.convnext = nn.ModuleList(Block(dim, config.hidden, 1 / config.layers, rows) for _ in range(config.layers))
        self.final_layer_norm = nn.LayerNorm(dim, eps=EPS)

    def forward(self, mel: Tensor, row: Tensor | None = None) -> Tensor:
        """See the class; ``row`` (B,) is of the adaptive norms."""
        x = self.embed(mel).transpose(1, 2)
        x = self.norm(x) if row is None else self.norm(x, row)
        for block in self.convnext:
            x = block(x) if row is None else block(x, row)
        features: Tensor = self.final_layer_norm(x)
        return features


class Head(nn.Module):
    """Features (B, F, D) to log magnitude and phase (B, F, K)."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.out = nn.Linear(config.dim, config.n_fft + 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        out: Tensor = self.out(x)
        bins = out.shape[-1] // 2
        return out[..., :bins], out[..., bins:]


class Vocos(nn.Module):
    """The vocoder.

    Parameters
    ----------
    config : VocosConfig
        Sizes.
    """

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.head = Head(config)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INITIAL_STD)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the transform.

        Parameters
        ----------
        mel : Tensor
            (B, mels, F), natural logarithm of magnitude.

        Returns
        -------
        log_magnitude, phase : Tensor
            (B, F, K) each: natural logarithm and radians, before exponential, ceiling, cosine and sine.
        """
        log_magnitude, phase = self.head(self.backbone(mel))
        return log_magnitude, phase

    def synthesize(self, mel: Tensor, f0: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """Return the wave.

        Parameters
        ----------
        mel : Tensor
            As for `forward`.
        f0, noise : Tensor or None
            Not read: every vocoder is called alike, and this one needs the mel alone.

        Returns
        -------
        Tensor
            (B, (F - 1) * hop_length), about [-1, 1].
        """
        log_magnitude, phase = self(mel)
        with torch.autocast(mel.device.type, enabled=False):
            magnitude = torch.exp(log_magnitude.float()).clamp(max=LARGEST_MAGNITUDE)
            spectra = torch.polar(magnitude, phase.float()).transpose(1, 2)
            window = hann_window(self.config.n_fft, mel.device)
            return torch.istft(spectra, self.config.n_fft, self.config.hop_length, window=window)
