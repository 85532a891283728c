"""The recogniser: time-delay layers, which look a little back and ahead, in turn with LSTMs, which look back as far as it takes.

::

    features (B, T, M) -> every third frame (B, N, D) -> [time-delay layers -> LSTM] x layers -> log probabilities of the units

A time-delay layer is a convolution with three taps that lie ``delay`` frames apart. So the net hears all that was said and a
known stretch of what comes, as the classic hybrid systems do; here CTC takes the place of their states and lattices.

Sources: A. Waibel et al., "Phoneme recognition using time-delay neural networks", 1989; V. Peddinti, D. Povey and S. Khudanpur,
"A time delay neural network architecture for efficient modeling of long temporal contexts", 2015; V. Peddinti et al., "Low
latency acoustic modeling using temporal convolution and LSTMs", 2018; CTC: A. Graves et al. 2006.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from tingshuo.models.tdnn_lstm.config import TdnnLstmConfig


class Delay(nn.Module):
    """A convolution of three taps, a rectifier and a norm, beside what went in."""

    def __init__(self, dim: int, delay: int, dropout: float) -> None:
        super().__init__()
        self.taps = nn.Conv1d(dim, dim, 3, padding=delay, dilation=delay)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, N, D)."""
        y = torch.relu(self.taps(x.transpose(1, 2)).transpose(1, 2))
        normed: Tensor = self.norm(x + self.dropout(y))
        return normed


class Block(nn.Module):
    """Time-delay layers, then an LSTM beside what went into it."""

    def __init__(self, dim: int, delays: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.delays = nn.ModuleList(Delay(dim, delay, dropout) for delay in delays)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """(B, N, D) -> (B, N, D); ``valid`` (B, N, 1) is 0 behind the end of an utterance, None where nothing is padded."""
        for layer in self.delays:
            x = layer(x if valid is None else x * valid)
        y, _ = self.lstm(x)
        normed: Tensor = self.norm(x + self.dropout(y))
        return normed


class Encoder(nn.Module):
    """Features to frames.

    Parameters
    ----------
    config : TdnnLstmConfig
        Sizes.
    dropout : float
        While it is taught.
    """

    def __init__(self, config: TdnnLstmConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.entry = nn.Conv1d(config.features, config.dim, config.context_frames, stride=config.subsampling)
        self.norm = nn.LayerNorm(config.dim)
        self.blocks = nn.ModuleList(Block(config.dim, delays, dropout) for delays in config.delays)

    def forward(self, features: Tensor, lengths: Tensor | None = None, chunk: int = 0) -> Tensor:
        """Encode whole utterances.

        Parameters
        ----------
        features : Tensor
            (B, T, M), normalised, T at least ``config.context_frames``.
        lengths : Tensor or None
            (B,) frames of each; None where all are T long.
        chunk : int
            0: it hears whole utterances.

        Returns
        -------
        Tensor
            (B, N, D); frames behind the end of an utterance mean nothing.
        """
        *_, encoded = self.stages(features, lengths, chunk)
        return encoded

    def stages(self, features: Tensor, lengths: Tensor | None = None, chunk: int = 0) -> Iterator[Tensor]:
        """Yield what comes out of each block, and at last what `forward` returns; parameters as there."""
        assert chunk == 0, "this net hears whole utterances"
        x = self.norm(torch.relu(self.entry(features.transpose(1, 2)).transpose(1, 2)))
        valid = None
        if lengths is not None:
            at = torch.arange(x.shape[1], device=x.device)
            inside = at < (lengths[:, None] - self.config.context_frames) // self.config.subsampling + 1
            valid = inside[..., None].to(x.dtype)
        for block in self.blocks:
            x = block(x, valid)
            yield x
        yield x


class TdnnLstm(nn.Module):
    """The net.

    Parameters
    ----------
    config : TdnnLstmConfig
        Sizes.
    dropout : float
        Of the encoder, while it is taught.
    """

    def __init__(self, config: TdnnLstmConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, dropout)
        self.ctc = nn.Linear(config.dim, config.units)

    def classify(self, encoded: Tensor) -> Tensor:
        """Return log probabilities of the units at each frame: (B, N, D) to (B, N, units)."""
        return torch.log_softmax(self.ctc(encoded), -1)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return `classify` of whole utterances, (B, T, M) with ``lengths`` (B,) as for `Encoder.forward`."""
        return self.classify(self.encoder(features, lengths))
