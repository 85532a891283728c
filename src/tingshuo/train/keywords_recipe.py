"""What `tingshuo.train.loop.fit` drives to teach a net of words."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.models.keywords.net import KeywordsNet
from tingshuo.train.disguise import disguised, pieces
from tingshuo.train.distributed import World
from tingshuo.train.keywords_config import KeywordsTraining
from tingshuo.train.keywords_disguise import placed, spoilt
from tingshuo.train.keywords_material import HeldOut, Material
from tingshuo.train.loop import take_step

Rows = NDArray[np.int64]
JUDGED = 256
"""Windows that an evaluation judges at a time."""


class KeywordsRecipe:
    """A net, its clips in disguise, one cross-entropy.

    Parameters
    ----------
    net : KeywordsNet
        With norms; trained in place.
    material : Material
        Clips.
    config : KeywordsTraining
        Batches, disguises, rate.
    """

    def __init__(self, net: KeywordsNet, material: Material, config: KeywordsTraining) -> None:
        self.world = World()
        self.net, self.material, self.config = net, material, config
        self.averaged: nn.Module | None = net
        loop = config.loop
        self._optimizer = torch.optim.AdamW(net.parameters(), loop.rate, weight_decay=loop.weight_decay)
        self._loss = nn.CrossEntropyLoss(label_smoothing=config.smoothing)

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the net."""
        return {"keywords": self.net}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return its optimizer."""
        return {"keywords": self._optimizer}

    def batches(self, epoch: int) -> Sequence[Rows]:
        """Return the batches of an epoch: every clip once, but for those that fill no batch."""
        count, size = len(self.material.names), self.config.batch
        order = np.random.default_rng((self.config.loop.seed, epoch)).permutation(count)
        return [order[k : k + size] for k in range(0, max(1, count - size + 1), size)]

    def describe(self, batch: Rows) -> str:
        """Name the clips of a batch."""
        return ", ".join(self.material.names[row] for row in batch)

    def step(self, batch: Rows, step: int) -> dict[str, float]:
        """Learn from a batch, and from windows without a word beside it."""
        self.net.train()
        windows, labels = self._windows(torch.from_numpy(batch))
        logits = self.net(disguised(windows, self.material.blank, self.config.disguise))
        loss = self._loss(logits, labels)
        norm = take_step(self._optimizer, self.net.parameters(), self.config.loop.clip, self.world, loss)
        wrong = float((logits.detach().argmax(1) != labels).float().mean())
        return {"loss": float(loss.detach()), "error": wrong, "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the cross-entropy of held-out clips and the share of them that is misheard; empty where there are none."""
        held = self.material.held_out
        if not len(held.labels):
            return {}
        logits = judge(self.net, held)
        wrong = float((logits.argmax(1) != held.labels).float().mean())
        return {"loss": float(nn.functional.cross_entropy(logits, held.labels)), "error": wrong}

    def _windows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return windows of the clips and, after them, windows without a word; and the rows that are right."""
        config, taught, blank = self.config, self.material.taught, self.material.blank
        frames = self.net.config.frames
        windows, labels = placed(taught, rows, frames, config.disguise), taught.labels[rows]
        count = round(config.nothing * len(rows))
        if not count:
            return windows, labels
        others = torch.randint(0, len(taught.labels), (count,))
        none = spoilt(placed(taught, others, frames, config.disguise), taught.silence[others])
        if len(blank) >= frames:
            own = (torch.rand(count) < 0.5)[:, None, None]
            none = torch.where(own, pieces(blank, count, frames), none)
        label = torch.full((count,), len(self.material.words))
        return torch.cat([windows, none]), torch.cat([labels, label])


@torch.no_grad()
def judge(net: KeywordsNet, held: HeldOut) -> Tensor:
    """Return the logits (N, rows) of held-out windows."""
    net.eval()
    return torch.cat([net(windows) for windows in torch.split(held.windows, JUDGED)])
