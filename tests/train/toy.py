"""The smallest thing that `fit` can drive: a line through noise, with dropout and a moving batch order."""

import math
import time

import numpy as np
import torch
from torch import nn

from tingshuo.train.batches import make_batches
from tingshuo.train.distributed import World
from tingshuo.train.loop import take_step

IDENTITY = {"seed": 0, "data": "toy", "sizes": (1, 2)}


class Toy:
    def __init__(self, clips=20, pause_s=0.0, broken_at=None, broken_gradient_at=None):
        torch.manual_seed(0)
        self.averaged = nn.Linear(3, 1)
        self.optimizer = torch.optim.AdamW(self.averaged.parameters(), 0.05)
        rng = np.random.default_rng(0)
        self.x = torch.from_numpy(rng.normal(size=(24, 3)).astype(np.float32))
        self.y = self.x @ torch.tensor([[1.0], [-2.0], [0.5]])
        self.clips, self.pause_s, self.broken_at, self.broken_gradient_at = clips, pause_s, broken_at, broken_gradient_at

    def nets(self):
        return {"toy": self.averaged}

    def optimizers(self):
        return {"toy": self.optimizer}

    def batches(self, epoch):
        return make_batches([1] * self.clips, 4, seed=0, epoch=epoch)

    def describe(self, batch):
        return ", ".join(str(clip) for clip in batch)

    def _loss(self, rows, dropout):
        return (self.averaged(nn.functional.dropout(self.x[rows], dropout)) - self.y[rows]).square().mean()

    def step(self, batch, step):
        time.sleep(self.pause_s)
        loss = self._loss(torch.from_numpy(batch), 0.1)
        if step == self.broken_at:
            return {"loss": math.nan, "gradient_norm": 1.0}
        if step == self.broken_gradient_at:
            loss = loss * math.inf
        norm = take_step(self.optimizer, self.averaged.parameters(), 1.0, World(), loss)
        return {"loss": 0.0 if step == self.broken_gradient_at else loss.item(), "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self):
        return {"loss": float(self._loss(torch.arange(20, 24), 0.0))}
