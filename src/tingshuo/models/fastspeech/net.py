"""Acoustic model: phonemes to durations, F0 and log-mel, all in parallel.

Durations are explicit and F0 is given per frame, so rhythm and melody are open to control. ``style`` (whose rhythm and
melody) and ``speaker`` (whose timbre) are vectors at the border: the predictors see only the style, the decoder only the
speaker, so a timbre known from isolated words can speak with the melody of somebody who read sentences.

F0 is the natural logarithm of Hz, normalised by the speaker's mean and standard deviation. Letters: B batch, N phonemes,
F frames, D features. Energy, where a net has it, is any affine function of a frame's log level. Source: Ren et al. 2020,
"FastSpeech 2", with a ConvNeXt decoder; there energy is of a phoneme, here of a frame.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.layers.convnext import ConvNeXtBlock
from tingshuo.models.layers.predictor import Predictor
from tingshuo.models.layers.transformer import TransformerBlock, sinusoids

POSITIONS = 3
"""0 = silence, 1 = first phoneme of a word, 2 = inside a word."""
PLACE_FEATURES = 8
"""Features of a frame's place inside its phoneme."""
DECODER_SCALE = 0.3


class FastSpeech(nn.Module):
    """The acoustic model.

    Parameters
    ----------
    config : FastSpeechConfig
        Sizes.
    """

    def __init__(self, config: FastSpeechConfig) -> None:
        super().__init__()
        self.config = config
        dim, decoder_dim = config.dim, config.decoder_dim
        self.phoneme = nn.Embedding(config.phonemes, dim)
        self.tone = nn.Embedding(config.tones, dim)
        self.position = nn.Embedding(POSITIONS, dim)
        self.style = nn.Embedding(config.styles, dim)
        self.speaker = nn.Embedding(config.speakers, decoder_dim)
        self.encoder = nn.ModuleList(
            TransformerBlock(dim, config.encoder_hidden, config.heads) for _ in range(config.encoder_layers)
        )
        self.duration = Predictor(dim, dim, config.duration_layers, config.duration_kernel, 1)
        self.pitch = Predictor(dim, config.pitch_hidden, config.pitch_layers, config.pitch_kernel, 2 + config.energy)
        kernel = config.pitch_embedding_kernel
        self.pitch_embedding = nn.Conv1d(2 + config.energy, decoder_dim, kernel, padding=kernel // 2)
        self.decoder_in = nn.Linear(dim + PLACE_FEATURES, decoder_dim)
        self.decoder = nn.ModuleList(
            ConvNeXtBlock(decoder_dim, config.decoder_hidden, DECODER_SCALE) for _ in range(config.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(decoder_dim)
        self.mel = nn.Linear(decoder_dim, config.mels)
        if config.emotions:
            self.emotion = nn.Embedding(config.emotions, dim)
            nn.init.zeros_(self.emotion.weight)  # at first, an emotion changes nothing

    def encode(self, phoneme_ids: Tensor, tones: Tensor, positions: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return the hidden state of each phoneme.

        Parameters
        ----------
        phoneme_ids, tones, positions : Tensor
            (B, N) int64.
        valid : Tensor or None
            (B, N) of 0 and 1; None when nothing is padded.

        Returns
        -------
        Tensor
            (B, N, D).
        """
        x: Tensor = self.phoneme(phoneme_ids) + self.tone(tones) + self.position(positions)
        if valid is not None:
            x = x * valid[..., None]
        x = x + sinusoids(torch.arange(phoneme_ids.shape[1], device=x.device), self.config.dim)
        for block in self.encoder:
            x = block(x, valid)
        return x

    def predict_duration(self, hidden: Tensor, style: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return log durations in frames: ``hidden`` (B, N, D), ``style`` (B, D); result (B, N)."""
        log_duration: Tensor = self.duration(hidden + style[:, None], valid)[..., 0]
        return log_duration

    def predict_pitch(self, frames: Tensor, place: Tensor, style: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return normalised log-F0, the unvoiced logit and, where the net has it, the energy of each frame.

        Parameters
        ----------
        frames : Tensor
            (B, F, D), the hidden state of each frame's phoneme.
        place : Tensor
            (B, F, 8), where in its phoneme the frame lies.
        style : Tensor
            (B, D).
        valid : Tensor or None
            (B, F) of 0 and 1; None when nothing is padded.

        Returns
        -------
        Tensor
            (B, F, 2), or (B, F, 3) with energy.
        """
        x = frames + style[:, None]
        predicted: Tensor = self.pitch(x + nn.functional.pad(place, (0, self.config.dim - PLACE_FEATURES)), valid)
        return predicted

    def decode(
        self,
        frames: Tensor,
        place: Tensor,
        f0: Tensor,
        unvoiced: Tensor,
        speaker: Tensor,
        valid: Tensor | None = None,
        energy: Tensor | None = None,
    ) -> Tensor:
        """Return the log-mel spectrogram.

        Parameters
        ----------
        frames, place : Tensor
            As for `predict_pitch`.
        f0 : Tensor
            (B, F), normalised log-F0; ignored where unvoiced.
        unvoiced : Tensor
            (B, F), 1 where unvoiced, else 0.
        speaker : Tensor
            (B, D) of the decoder.
        valid : Tensor or None
            (B, F) of 0 and 1; None when nothing is padded.
        energy : Tensor or None
            (B, F) for a net with energy, else None.

        Returns
        -------
        Tensor
            (B, mels, F), natural logarithm of magnitude.
        """
        contours = [f0 * (1 - unvoiced), unvoiced] if energy is None else [f0 * (1 - unvoiced), unvoiced, energy]
        melody = self.pitch_embedding(torch.stack(contours, 1)).transpose(1, 2)
        x = self.decoder_in(torch.cat([frames, place], -1)) + melody + speaker[:, None]
        for block in self.decoder:
            x = block(x, valid)
        mel: Tensor = self.mel(self.decoder_norm(x)).transpose(1, 2)
        return mel
