"""What `tingshuo.train.loop.fit` drives to teach a language model: sentences, one cross-entropy."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from tingshuo.config.language import END, MARKS
from tingshuo.models.language.net import Language
from tingshuo.train.acoustic import use_bf16
from tingshuo.train.batches import Indices, make_batches
from tingshuo.train.distributed import World
from tingshuo.train.language_model_config import LanguageModelTraining
from tingshuo.train.language_model_material import Material, Row
from tingshuo.train.loop import take_step

_NONE = -100
"""What `cross_entropy` takes for no unit at all."""
_LARGEST_EXPONENT = 50.0


class LanguageModelRecipe:
    """A net and its sentences.

    Parameters
    ----------
    net : Language
        Trained in place.
    material : Material
        Sentences.
    config : LanguageModelTraining
        Batches and rate.
    world : World or None
        The processes that train together.
    """

    def __init__(self, net: Language, material: Material, config: LanguageModelTraining, world: World | None = None) -> None:
        self.world = world or World()
        self.net, self.material, self.config = net.to(self.world.device), material, config
        self.averaged: nn.Module | None = net
        self._optimizer = torch.optim.AdamW(net.parameters(), config.loop.rate, weight_decay=config.loop.weight_decay)
        self._bf16 = use_bf16(config.loop.precision, self.world.device)
        self._beside = material.ngram_perplexity(material.choosing) if material.choosing and self.world.leads else math.nan

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the net."""
        return {"language": self.net}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return its optimizer."""
        return {"language": self._optimizer}

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Return this process's batches of an epoch: sentences of about the same length."""
        lengths = [len(row) + 1 for row in self.material.taught]
        loop = self.config.loop
        return make_batches(
            lengths, loop.batch_frames, seed=loop.seed, epoch=epoch, rank=self.world.rank, world=self.world.size
        )  # fmt: skip

    def describe(self, batch: Indices) -> str:
        """Tell the sentences of a batch."""
        characters = dict(enumerate(self.material.characters, MARKS))
        return ", ".join("".join(characters.get(unit, "□") for unit in self.material.taught[row]) for row in batch)

    def step(self, batch: Indices, step: int) -> dict[str, float]:
        """Learn from a batch."""
        self.net.train()
        total, count = self._loss([self.material.taught[row] for row in batch])
        everybody = self.world.sum(torch.stack([total.detach(), count]))
        norm = take_step(self._optimizer, self.net.parameters(), self.config.loop.clip, self.world, total / everybody[1])
        return {"loss": float(everybody[0] / everybody[1]), "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the cross-entropy of held-out sentences, nats a unit, and the perplexity beside that of the n-gram model."""
        rows = sorted(self.material.choosing, key=len)
        if not rows:
            return {}
        self.net.eval()
        size = max(1, self.config.loop.batch_frames // (len(rows[-1]) + 1))
        parts = [self._loss(rows[first : first + size]) for first in range(0, len(rows), size)]
        loss = float(sum(total for total, _ in parts) / sum(count for _, count in parts))
        return {"loss": loss, "perplexity": math.exp(min(loss, _LARGEST_EXPONENT)), "ngram_perplexity": self._beside}

    def _loss(self, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy of sentences, added up, and how many units they have, ends included."""
        longest = max(map(len, rows)) + 1
        before = torch.full((len(rows), longest), END)
        units = torch.full((len(rows), longest), _NONE)
        for n, row in enumerate(rows):
            before[n, 1 : len(row) + 1] = units[n, : len(row)] = torch.tensor(row)
            units[n, len(row)] = END
        before, units = before.to(self.world.device), units.to(self.world.device)
        with self._computing():
            logits, _ = self.net(before)
        total = nn.functional.cross_entropy(logits.float().flatten(0, 1), units.flatten(), ignore_index=_NONE, reduction="sum")
        return total, (units != _NONE).sum().float()

    def _computing(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._bf16 else nullcontext()
