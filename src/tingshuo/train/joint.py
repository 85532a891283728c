"""Mels that an acoustic model predicts for segments of recordings, with gradients to its decoder.

Durations and F0 are those of the recording, so a predicted mel lies frame by frame over the true one. A vocoder that learns from
them hears what it will hear in use, and the losses of its wave reach the decoder, whose mels lose their blur.

Source: D. Lim, S. Jung and E. Kim 2022, "JETS: Jointly training FastSpeech2 and HiFi-GAN for end to end text to speech".
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.data.features import Features
from tingshuo.models.fastspeech.graphs import decoder_context_frames
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.tasks.acoustic import frame_places
from tingshuo.train.examples import Example, Tables, energy_of, normalise_f0
from tingshuo.train.segments import Rows, cut
from tingshuo.train.vocoder_config import JointConfig

DECODER = ("pitch_embedding.", "decoder", "speaker.", "mel.")
"""Starts of the names of what turns frames into mel; encoder and predictors stay as they are."""


class DecoderMels:
    """Predicts the mels of segments.

    Parameters
    ----------
    net : FastSpeech
        Its decoder learns; everything else is frozen.
    features : Features
        Of the corpus.
    examples : sequence of Example
        Aligned clips; segments are places in these. Those of split ``train`` teach, those of split ``dev`` judge.
    tables : Tables
        Which rows of the net's tables they use.
    config : JointConfig or None
        How the decoder learns; None is the default.
    """

    def __init__(
        self, net: FastSpeech, features: Features, examples: Sequence[Example], tables: Tables, config: JointConfig | None = None
    ) -> None:
        self.net, self.examples, self.config = net, list(examples), config or JointConfig()
        self.clips = [example.clip for example in self.examples]
        self._features, self._tables = features, tables
        self._context = decoder_context_frames(net.config)
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(name.startswith(DECODER))
        self.parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]

    def __call__(self, rows: Rows, frames: int) -> Tensor:
        """Return the mels (B, n_mels, frames + 1) of segments; ``rows`` are places in `examples`."""
        self.net.eval()
        device = next(self.net.parameters()).device
        chosen = [self.examples[index] for index, _ in rows]
        hidden = self._hidden(chosen, device)
        first = rows[:, 1:] - self._context
        window = first + np.arange(frames + 1 + 2 * self._context)
        totals = np.array([[int(example.durations.sum())] for example in chosen])
        inside = ((window >= 0) & (window < totals)).astype(np.float32)
        window = np.clip(window, 0, totals - 1)
        phone = np.stack([np.repeat(np.arange(len(e.durations)), e.durations)[w] for e, w in zip(chosen, window, strict=True)])
        place = np.stack([frame_places(e.durations)[w] for e, w in zip(chosen, window, strict=True)])
        hz = np.stack([self._features.f0_of(e.clip)[w] for e, w in zip(chosen, window, strict=True)])
        f0, unvoiced = normalise_f0(hz, [self._tables.pitch[e.clip.speaker] for e in chosen])
        speaker = torch.tensor([self._tables.speakers[e.clip.speaker] for e in chosen], device=device)
        valid = torch.from_numpy(inside).to(device)
        at = torch.from_numpy(phone).to(device)
        spread = torch.gather(hidden, 1, at[..., None].expand(-1, -1, hidden.shape[2])) * valid[..., None]
        energy = valid * self._energy(rows, frames, device) if self.net.config.energy else None
        contours = (place * inside[..., None], f0 * inside, unvoiced * inside)
        places, melody, silent = (torch.from_numpy(part).to(device) for part in contours)
        mel = self.net.decode(spread, places, melody, silent, self.net.speaker(speaker), valid, energy)
        return mel[..., self._context : self._context + frames + 1]

    @torch.no_grad()
    def _hidden(self, chosen: Sequence[Example], device: torch.device) -> Tensor:
        """Return the hidden states (B, N, D) of the phones of examples."""

        def padded(rows: Sequence[NDArray[np.int64]]) -> Tensor:
            return nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True).to(device)

        phones = [example.phones for example in chosen]
        ids, tones = padded([p.ids for p in phones]), padded([p.tones for p in phones])
        valid = padded([np.ones_like(p.ids) for p in phones]).float()
        return self.net.encode(ids, tones, padded([p.positions for p in phones]), valid)

    def _energy(self, rows: Rows, frames: int, device: torch.device) -> Tensor:
        """Return the energies (B, F) of the recordings over segments with their context."""
        mels = []
        for index, first in rows:
            clip = self.clips[index]
            low, high = max(0, int(first) - self._context), min(clip.frames, int(first) + frames + 1 + self._context)
            part = cut(self._features, self.clips, np.array([[index, low]]), high - 1 - low, device).mel
            before = low - (int(first) - self._context)
            missing = frames + 1 + 2 * self._context - before - part.shape[2]
            mels.append(nn.functional.pad(part, (before, missing), "replicate"))
        return energy_of(torch.cat(mels))
