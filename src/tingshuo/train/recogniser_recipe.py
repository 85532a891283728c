"""What `tingshuo.train.loop.fit` drives to teach a recogniser: clips in disguise, CTC over units and over phones."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tingshuo.models.conformer.teaching import Pupil, Syllables
from tingshuo.tasks.recognise.search import greedy
from tingshuo.text.metrics import count, pair_up
from tingshuo.train.acoustic import use_bf16
from tingshuo.train.disguise import disguised
from tingshuo.train.distributed import World
from tingshuo.train.loop import take_step
from tingshuo.train.recogniser_config import RecogniserTraining
from tingshuo.train.recogniser_disguise import stretched
from tingshuo.train.recogniser_material import Clip, Material

LEAST_STEP, MOST_STEP = 16, 96
"""Lengths of batches are multiples of an eighth to a quarter of them within these limits, frames: every new shape costs the
processor's convolutions some preparation."""
_ORDER, _TEMPO = 1, 2
"""First number of the seeds of independent draws."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips that are heard together: at the tempo drawn for each, in windows of ``frames``."""

    clips: tuple[Clip, ...]
    tempos: tuple[float, ...]
    frames: int


class RecogniserRecipe:
    """A net, its clips, two losses.

    Parameters
    ----------
    pupil : Pupil
        Trained in place.
    syllables : Syllables
        Its units.
    material : Material
        Clips.
    config : RecogniserTraining
        Batches, disguises, rate.
    world : World or None
        The processes that train together.
    """

    def __init__(
        self, pupil: Pupil, syllables: Syllables, material: Material, config: RecogniserTraining, world: World | None = None
    ) -> None:
        self.world = world or World()
        # Pictures with their channels last are what convolutions of the processor are fast with.
        self.pupil = pupil.to(self.world.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.syllables, self.material, self.config = syllables, material, config
        self.averaged: nn.Module | None = pupil
        self._optimizer = torch.optim.AdamW(
            pupil.parameters(), config.loop.rate, betas=(0.9, 0.98), weight_decay=config.loop.weight_decay
        )
        self._bf16 = use_bf16(config.loop.precision, self.world.device)

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the net."""
        return {"pupil": self.pupil}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return its optimizer."""
        return {"pupil": self._optimizer}

    def batches(self, epoch: int) -> Sequence[Batch]:
        """Return this process's batches of an epoch: clips of about the same length, each at a tempo of its own."""
        config = self.config
        chance = np.random.default_rng((config.loop.seed, epoch, _ORDER))
        share = np.array([_share(clip, config.shares) for clip in self.material.taught])
        chosen = np.flatnonzero(chance.random(len(share)) < share)
        tempos = np.exp(
            np.random.default_rng((config.loop.seed, epoch, _TEMPO)).uniform(-1, 1, len(share)) * config.disguise.tempo
        )
        shelves: dict[int, list[int]] = {}
        for n in chance.permutation(chosen):
            frames = math.ceil(self.material.taught[n].frames / tempos[n])
            shelves.setdefault(shelf(frames), []).append(int(n))
        found = []
        for frames, rows in sorted(shelves.items()):
            size = max(1, config.loop.batch_frames // frames)
            for first in range(0, len(rows), size):
                batch = rows[first : first + size]
                found.append(Batch(tuple(self.material.taught[n] for n in batch), tuple(float(tempos[n]) for n in batch), frames))
        found *= math.ceil(self.world.size / len(found))  # of a very small corpus, so that nobody is without a batch
        order = chance.permutation(len(found))[: len(found) - len(found) % self.world.size]
        return [found[n] for n in order[self.world.rank :: self.world.size]]

    def describe(self, batch: Batch) -> str:
        """Name the clips of a batch."""
        return ", ".join(clip.row.id for clip in batch.clips)

    def step(self, batch: Batch, step: int) -> dict[str, float]:
        """Learn from a batch."""
        config = self.config
        self.pupil.train()
        windows = stretched([self.material.mel(clip) for clip in batch.clips], batch.tempos, batch.frames)
        features = self._normalised(disguised(windows.features, windows.features[0, :0], config.disguise))
        chunk = 0
        if self.pupil.net.config.dynamic_chunk and float(torch.rand(())) >= config.whole:
            chunk = int(torch.randint(config.chunks[0], config.chunks[1] + 1, ()))
        with self._computing():
            units, phones = self.pupil(features, windows.lengths.to(features.device), chunk)
        heard = self._heard(windows.lengths)
        said = [clip.units for clip in batch.clips]
        syllables = ctc(units, heard, said)
        parts = ctc(phones, heard, [[phone for unit in one for phone in self.syllables.phones[unit]] for one in said])
        loss = (1 - config.phones_weight) * syllables + config.phones_weight * parts
        # Each process has the mean of its own batch, and gradients are added up.
        norm = take_step(self._optimizer, self.pupil.parameters(), config.loop.clip, self.world, loss / self.world.size)
        means = self.world.sum(torch.stack([loss, syllables, parts]).detach()) / self.world.size
        told = dict(zip(("loss", "syllables", "phones"), means.tolist(), strict=True))
        return {**told, "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the loss of held-out clips and the share of their syllables that is misheard; empty where there are none."""
        clips = self.material.held_out
        if not clips:
            return {}
        self.pupil.eval()
        picked = [clips[n] for n in np.unique(np.linspace(0, len(clips) - 1, self.config.judged).astype(int))]
        picked.sort(key=lambda clip: clip.frames)
        loss, wrong, said, size = 0.0, 0, 0, 8
        for first in range(0, len(picked), size):
            some = picked[first : first + size]
            windows = stretched([self.material.mel(clip) for clip in some], [1.0] * len(some), max(clip.frames for clip in some))
            with self._computing():
                units, _ = self.pupil(self._normalised(windows.features), windows.lengths.to(self.world.device))
            heard = self._heard(windows.lengths)
            loss += float(ctc(units, heard, [clip.units for clip in some])) * len(some)
            for clip, row, frames in zip(some, units.cpu().numpy(), heard.tolist(), strict=True):
                wrong += count(pair_up([*map(str, clip.units)], [*map(str, greedy(row[:frames]).units)])).count
                said += len(clip.units)
        return {"loss": loss / len(picked), "error": wrong / max(1, said)}

    def _heard(self, lengths: Tensor) -> Tensor:
        """Return how many encoder frames there are of utterances."""
        return torch.tensor([self.pupil.net.config.encoded_frames(frames) for frames in lengths.tolist()])

    def _normalised(self, features: Tensor) -> Tensor:
        cmvn = self.material.cmvn
        mean, scale = torch.tensor(cmvn.mean), torch.tensor(cmvn.inverse_deviation)
        normalised: Tensor = (features - mean) * scale
        return normalised.to(self.world.device)

    def _computing(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._bf16 else nullcontext()


def ctc(log_probs: Tensor, lengths: Tensor, said: Sequence[Sequence[int]]) -> Tensor:
    """Return the loss of CTC per unit, of utterances (B, N, units) of ``lengths`` frames; one too short for its text has none."""
    units = torch.tensor([unit for one in said for unit in one])
    counts = torch.tensor([len(one) for one in said])
    loss: Tensor = nn.functional.ctc_loss(log_probs.transpose(0, 1), units, lengths, counts, zero_infinity=True)
    return loss


def shelf(frames: int) -> int:
    """Return the length of the windows that a clip of so many frames is heard in."""
    step = min(MOST_STEP, max(LEAST_STEP, 1 << max(0, frames.bit_length() - 3)))
    return math.ceil(frames / step) * step


def _share(clip: Clip, shares: Mapping[str, float]) -> float:
    """Return the share of a clip's corpus; the longest name that fits counts."""
    fitting = [name for name in shares if clip.row.source.startswith(name)]
    return shares[max(fitting, key=len)] if fitting else 1.0
