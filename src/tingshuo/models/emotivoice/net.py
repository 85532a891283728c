"""EmotiVoice's acoustic model: PromptTTS within JETS, from tokens to the latent frames that its HiFi-GAN turns into a wave.

What a token sounds like depends on a speaker (a row of a table) and on two prompts, each the pooled vector that a BERT gives for
words: ``style`` for how it is to be said ("开心"), ``content`` for the sentence itself. Only the way to speech is here, for one
sentence at a time; what aligns tokens to recordings is of training and has no place.

``latent`` began as a mel spectrogram, but was trained together with the vocoder on the wave alone, so no other vocoder
understands it.

Letters: B batch, N tokens, F frames of 16 ms, D features, P features of a prompt. Sources: the public code
https://github.com/netease-youdao/EmotiVoice (Apache-2.0, Youdao), which follows Guo et al. 2023, "PromptTTS", and Lim et al.
2022, "JETS: Jointly Training FastSpeech2 and HiFi-GAN for End to End Text to Speech".
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from tingshuo.models.emotivoice.config import EmotiVoiceConfig
from tingshuo.models.layers.time_conv import convolve
from tingshuo.models.layers.transformer import SelfAttention, sinusoids

EPS = 1e-12
"""Of every layer norm, where torch has 1e-5."""
EXPANSION = 4
"""How much wider a block is between its convolutions."""
ENERGY_LAYERS, ENERGY_KERNEL = 2, 3
"""The public code has them as they are, whatever the pitch has."""
SHARPNESS = 0.1
"""Of the bell by which a frame listens to tokens: exp(-0.1 t^2), a standard deviation of 2.2 frames."""


class Block(nn.Module):
    """Self-attention, then two convolutions with GELU between; each is normed before and added to its input.

    Parameters
    ----------
    dim : int
        Features of a step.
    heads : int
        Attention heads.
    kernel : int
        Width of both convolutions, odd.
    """

    def __init__(self, dim: int, heads: int, kernel: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim, eps=EPS)
        self.attention = SelfAttention(dim, heads)
        self.conv_norm = nn.LayerNorm(dim, eps=EPS)
        self.conv_in = nn.Conv1d(dim, EXPANSION * dim, kernel, padding=kernel // 2)
        self.conv_out = nn.Conv1d(EXPANSION * dim, dim, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, D)."""
        x = x + self.attention(self.attention_norm(x))
        # The exact GELU; its approximation by tanh is off by nine times the rounding of float32.
        y = nn.functional.gelu(convolve(self.conv_in, self.conv_norm(x)))
        return x + convolve(self.conv_out, y)


class Stack(nn.Module):
    """Positions, blocks and a last norm: what the encoder and the decoder are.

    Parameters
    ----------
    dim, heads, kernel : int
        As for `Block`.
    layers : int
        Number of blocks.
    """

    def __init__(self, dim: int, layers: int, heads: int, kernel: int) -> None:
        super().__init__()
        self.position_scale = nn.Parameter(torch.ones(1))
        self.blocks = nn.ModuleList(Block(dim, heads, kernel) for _ in range(layers))
        self.norm = nn.LayerNorm(dim, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, D)."""
        # The learnt factor is on the positions, which count from 0; the input is not multiplied by sqrt(D), as it often is.
        x = x + self.position_scale * sinusoids(torch.arange(x.shape[1], device=x.device), x.shape[2])
        for block in self.blocks:
            x = block(x)
        normed: Tensor = self.norm(x)
        return normed


class VariancePredictor(nn.Module):
    """Convolution, ReLU, layer norm, several times; then one number per token.

    Parameters
    ----------
    dim, hidden : int
        Features of a token, and between the layers.
    layers : int
        Number of convolutions.
    kernel : int
        Width of each, odd.
    """

    def __init__(self, dim: int, hidden: int, layers: int, kernel: int) -> None:
        super().__init__()
        widths = [dim, *[hidden] * layers]
        self.convs = nn.ModuleList(nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden, eps=EPS) for _ in range(layers))
        self.out = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict: (B, N, D) to (B, N)."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(nn.functional.relu(convolve(conv, x)))
        predicted: Tensor = self.out(x)
        return predicted[..., 0]


class EmotiVoice(nn.Module):
    """The acoustic model.

    Parameters
    ----------
    config : EmotiVoiceConfig
        Sizes.
    """

    def __init__(self, config: EmotiVoiceConfig) -> None:
        super().__init__()
        self.config = config
        dim, hidden = config.dim, config.variance_hidden
        self.token = nn.Embedding(config.tokens, dim)
        self.speaker = nn.Embedding(config.speakers, dim)
        self.encoder = Stack(dim, config.encoder_layers, config.encoder_heads, config.encoder_kernel)
        self.projection = nn.Linear(2 * dim + 2 * config.prompt, dim)
        self.duration = VariancePredictor(dim, hidden, config.duration_layers, config.duration_kernel)
        self.pitch = VariancePredictor(dim, hidden, config.pitch_layers, config.pitch_kernel)
        self.energy = VariancePredictor(dim, hidden, ENERGY_LAYERS, ENERGY_KERNEL)
        kernel = config.embedding_kernel
        self.pitch_embedding = nn.Conv1d(1, dim, kernel, padding=kernel // 2)
        self.energy_embedding = nn.Conv1d(1, dim, kernel, padding=kernel // 2)
        self.decoder = Stack(dim, config.decoder_layers, config.decoder_heads, config.decoder_kernel)
        self.latent = nn.Linear(dim, config.latent)

    def encode(self, token_ids: Tensor) -> Tensor:
        """Return what tokens are in their sentence, before anybody speaks it: (B, N) int64 to (B, N, D)."""
        encoded: Tensor = self.encoder(self.token(token_ids))
        return encoded

    def condition(self, encoded: Tensor, speaker: Tensor, style: Tensor, content: Tensor) -> Tensor:
        """Return the hidden state of each token, as this speaker says it in this manner.

        Parameters
        ----------
        encoded : Tensor
            (B, N, D) of `encode`.
        speaker : Tensor
            (B, D), a row of the speaker table.
        style, content : Tensor
            (B, P) each: prompts of the manner and of the sentence.

        Returns
        -------
        Tensor
            (B, N, D).
        """
        said = torch.cat([speaker, style, content], 1)[:, None].expand(-1, encoded.shape[1], -1)
        hidden: Tensor = self.projection(torch.cat([encoded, said], 2))
        return hidden

    def predict(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log duration, pitch and energy of each token.

        All three read the hidden state as `condition` gives it, before pitch and energy are added to it.

        Parameters
        ----------
        hidden : Tensor
            (B, N, D).

        Returns
        -------
        log_duration : Tensor
            (B, N), natural logarithm of frames plus one.
        pitch, energy : Tensor
            (B, N) each, normalised as in training.
        """
        return self.duration(hidden), self.pitch(hidden), self.energy(hidden)

    def decode(self, hidden: Tensor, pitch: Tensor, energy: Tensor, weights: Tensor) -> Tensor:
        """Return the latent frames.

        Parameters
        ----------
        hidden : Tensor
            (B, N, D) of `condition`.
        pitch, energy : Tensor
            (B, N) each, as predicted or as wanted.
        weights : Tensor
            (B, F, N), how much of each token is in each frame, see `spread`.

        Returns
        -------
        Tensor
            (B, latent, F).
        """
        frames: Tensor = self.decoder(self.upsample(hidden, pitch, energy, weights))
        latent: Tensor = self.latent(frames).transpose(1, 2)
        return latent

    def upsample(self, hidden: Tensor, pitch: Tensor, energy: Tensor, weights: Tensor) -> Tensor:
        """Return what the decoder reads, (B, F, D): tokens with their pitch and energy, spread over frames; as for `decode`."""
        melody = self.pitch_embedding(pitch[:, None]) + self.energy_embedding(energy[:, None])
        frames: Tensor = weights @ (hidden + melody.transpose(1, 2))
        return frames

    def forward(self, token_ids: Tensor, speaker_id: Tensor, style: Tensor, content: Tensor) -> Tensor:
        """Return the latent frames of one sentence.

        Parameters
        ----------
        token_ids : Tensor
            (1, N) int64.
        speaker_id : Tensor
            (1,) int64.
        style, content : Tensor
            (1, P) each.

        Returns
        -------
        Tensor
            (1, latent, F).
        """
        hidden = self.condition(self.encode(token_ids), self.speaker(speaker_id), style, content)
        log_duration, pitch, energy = self.predict(hidden)
        return self.decode(hidden, pitch, energy, spread(durations(log_duration)))


def durations(log_duration: Tensor) -> Tensor:
    """Return whole frames per token, (B, N) int64, at least one in all.

    Halves are rounded to even. A sentence whose tokens all round to nothing gets a frame for each.
    """
    frames = torch.clamp(torch.round(torch.exp(log_duration) - 1), min=0).long()
    return torch.where(frames.sum(1, keepdim=True) == 0, torch.ones_like(frames), frames)


def spread(frames: Tensor) -> Tensor:
    """Return how much of each token is in each frame: a bell around the token's middle, and every frame's shares add up to one.

    Frame t counts as the point t, not as t + 0.5. All tokens take part, those of no frames too.

    Parameters
    ----------
    frames : Tensor
        (1, N), whole frames of each token.

    Returns
    -------
    Tensor
        (1, F, N), float32.
    """
    middles = torch.cumsum(frames, 1) - frames / 2
    times = torch.arange(int(frames.sum()), device=frames.device)
    bells: Tensor = -SHARPNESS * (times[None, :, None] - middles[:, None]) ** 2
    return torch.softmax(bells, 2)
