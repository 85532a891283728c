"""Pitch, energy and duration of symbols.

Source: Ren et al. 2020, "FastSpeech 2", with memory blocks and LSTMs for its predictors, and a duration predictor that hears its
own last answer, as in KAN-TTS.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.fsmn import Fsmn

CONTOUR_KERNEL = 9
"""Symbols of pitch or energy that one symbol's embedding of it sees."""


class Prenet(nn.Module):
    """Linear layers with ReLU between them.

    Tacotron drops half of the features here even when it speaks. This net does not, so it says the same thing twice.

    Parameters
    ----------
    dim_in : int
        Features of the input.
    widths : tuple[int, ...]
        Features after each layer; each is followed by ReLU.
    out : int
        Features of a last layer without ReLU; 0 is no such layer.
    """

    def __init__(self, dim_in: int, widths: tuple[int, ...], out: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((dim_in, *widths)))
        self.out = nn.Linear(widths[-1], out) if out else None

    def forward(self, x: Tensor) -> Tensor:
        """Transform (..., dim_in)."""
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x if self.out is None else self.out(x)


class ContourPredictor(nn.Module):
    """One number per symbol, pitch or energy, from memory blocks and an LSTM in both directions."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        self.memory = Fsmn(
            config.symbol_dim,
            config.predictor_hidden,
            config.predictor_dim,
            config.predictor_layers,
            config.predictor_kernel,
            config.predictor_shift,
        )
        self.lstm = nn.LSTM(config.predictor_dim, config.predictor_lstm, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * config.predictor_lstm, 1)

    def forward(self, symbols: Tensor) -> Tensor:
        """Return (B, N) of ``symbols`` (B, N, symbol_dim)."""
        contour: Tensor = self.out(self.lstm(self.memory(symbols))[0])[..., 0]
        return contour


class DurationPredictor(nn.Module):
    """The logarithm of one symbol's frames plus one, given that of the symbol before."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        self.prenet = Prenet(1, config.duration_prenet)
        self.lstm = nn.LSTM(config.duration_prenet[-1] + config.symbol_dim, config.duration_lstm, 2, batch_first=True)
        self.out = nn.Linear(config.duration_lstm, 1)

    def forward(self, last: Tensor, symbol: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict the duration of the next symbols, usually one.

        Parameters
        ----------
        last : Tensor
            (B, N, 1), what this predicted for the symbol before each: after ReLU, a logarithm, not rounded; 0 for the first.
        symbol : Tensor
            (B, N, symbol_dim), with pitch and energy already added to the text.
        hidden, cell : Tensor
            (2, B, D) of the LSTM, zeros at first.

        Returns
        -------
        tuple of Tensor
            (B, N, 1) and the two states.
        """
        x, (hidden, cell) = self.lstm(torch.cat([self.prenet(last), symbol], -1), (hidden, cell))
        return torch.relu(self.out(x)), hidden, cell


class Adaptor(nn.Module):
    """Pitch and energy of symbols, and what they add to the text."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        self.pitch = ContourPredictor(config)
        self.energy = ContourPredictor(config)
        padding = CONTOUR_KERNEL // 2
        self.pitch_embedding = nn.Conv1d(1, config.text_dim, CONTOUR_KERNEL, padding=padding)
        self.energy_embedding = nn.Conv1d(1, config.text_dim, CONTOUR_KERNEL, padding=padding)

    def forward(self, text: Tensor, speaker: Tensor, emotion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict pitch and energy: inputs (B, N, D) each; returns symbols (B, N, symbol_dim), pitch and energy (B, N).

        The predictors see the text as the encoder left it; the duration predictor and the decoder see it with both embeddings
        added, which is how it is returned.
        """
        symbols = torch.cat([text, speaker, emotion], -1)  # in this order
        pitch, energy = self.pitch(symbols), self.energy(symbols)
        melody = self.pitch_embedding(pitch[:, None]) + self.energy_embedding(energy[:, None])
        return torch.cat([text + melody.transpose(1, 2), speaker, emotion], -1), pitch, energy
