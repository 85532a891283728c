"""What `tingshuo.train.loop.fit` drives to teach the net of a classic recogniser: frames in any order, one cross-entropy."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.models.dnn.net import Dnn
from tingshuo.tasks.hybrid.ears import places, spliced
from tingshuo.train.acoustic import use_bf16
from tingshuo.train.distributed import World
from tingshuo.train.hybrid_align import NOBODY
from tingshuo.train.hybrid_config import HybridTraining
from tingshuo.train.hybrid_material import Clip, Material
from tingshuo.train.loop import take_step

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
JUDGED = 40_000
"""Frames of the held out that an evaluation looks at, spread evenly."""
AT_ONCE = 4096
"""Of them at a time."""


class HybridRecipe:
    """A net, frames with their states, one loss.

    Parameters
    ----------
    net : Dnn
        Trained in place.
    material : Material
        Features of all clips.
    labels : ndarray (F,)
        The state of each frame of it; see `tingshuo.train.hybrid_align`.
    config : HybridTraining
        Batches, rate.
    world : World or None
        The processes that train together.
    """

    def __init__(self, net: Dnn, material: Material, labels: Ints, config: HybridTraining, world: World | None = None) -> None:
        self.world = world or World()
        self.net, self.material, self.labels, self.config = net.to(self.world.device), material, labels, config
        self.averaged: nn.Module | None = net
        self._optimizer = torch.optim.AdamW(net.parameters(), config.loop.rate, weight_decay=config.loop.weight_decay)
        self._bf16 = use_bf16(config.loop.precision, self.world.device)
        self._first, self._stop = np.zeros((2, len(labels)), np.int32)
        for clip in (*material.taught, *material.held_out):
            self._first[clip.first : clip.first + clip.frames] = clip.first
            self._stop[clip.first : clip.first + clip.frames] = clip.first + clip.frames
        self._taught, self._held = self._labelled(material.taught), self._labelled(material.held_out)
        self._deviation = torch.from_numpy(material.deviation).repeat(len(config.offsets))

    def _labelled(self, clips: Sequence[Clip]) -> Ints:
        """Return the frames of clips whose states are known."""
        frames = np.concatenate([np.arange(clip.first, clip.first + clip.frames) for clip in clips] or [np.zeros(0, np.int64)])
        known: Ints = frames[self.labels[frames] != NOBODY]
        return known

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the net."""
        return {"dnn": self.net}

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return its optimizer."""
        return {"dnn": self._optimizer}

    def batches(self, epoch: int) -> Sequence[Ints]:
        """Return this process's batches of an epoch: every frame once, but for those that fill no batch."""
        order = self._taught[np.random.default_rng((self.config.loop.seed, epoch)).permutation(len(self._taught))]
        size = self.config.loop.batch_frames
        found = [order[k : k + size] for k in range(0, max(1, len(order) - size + 1), size)]
        return found[self.world.rank :: self.world.size][: max(1, len(found) // self.world.size)]

    def describe(self, batch: Ints) -> str:
        """Name some clips of a batch."""
        first = set(self._first[batch[:8]].tolist())
        return ", ".join(clip.row.id for clip in self.material.taught if clip.first in first)

    def step(self, batch: Ints, step: int) -> dict[str, float]:
        """Learn from a batch."""
        self.net.train()
        states = torch.from_numpy(self.labels[batch]).to(self.world.device)
        with self._computing():
            logits = self.net(self._around(batch)).float()
        loss = nn.functional.cross_entropy(logits, states)
        norm = take_step(self._optimizer, self.net.parameters(), self.config.loop.clip, self.world, loss)
        wrong = float((logits.detach().argmax(1) != states).float().mean())
        return {"loss": float(loss.detach()), "error": wrong, "gradient_norm": norm}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the cross-entropy of held-out frames and the share of them that is misheard; empty where there are none."""
        if not len(self._held):
            return {}
        self.net.eval()
        frames = self._held[np.unique(np.linspace(0, len(self._held) - 1, JUDGED).astype(int))]
        loss, wrong = 0.0, 0
        for first in range(0, len(frames), AT_ONCE):
            some = frames[first : first + AT_ONCE]
            states = torch.from_numpy(self.labels[some]).to(self.world.device)
            logits = self.net(self._around(some))
            loss += float(nn.functional.cross_entropy(logits, states, reduction="sum"))
            wrong += int((logits.argmax(1) != states).sum())
        return {"loss": loss / len(frames), "error": wrong / len(frames)}

    def _around(self, frames: Ints) -> Tensor:
        """Return frames with those around them, normalised, (N, inputs)."""
        rows = places(frames, self._first[frames], self._stop[frames], self.config.offsets)
        given = torch.from_numpy(self.material.features[rows].reshape(len(frames), -1)).float()
        return (given / self._deviation).to(self.world.device)

    def _computing(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.world.device.type, torch.bfloat16) if self._bf16 else nullcontext()


class NetScores:
    """A taught net as what tells how well states fit frames; see `tingshuo.train.flat_start.Scores`.

    Parameters
    ----------
    net : Dnn
        Taught.
    priors : ndarray (S,)
        Log probability of each state.
    offsets : sequence of int
        The frames that it sees with each.
    """

    def __init__(self, net: Dnn, priors: Floats, offsets: Sequence[int]) -> None:
        self._net, self._priors, self._offsets = net.eval(), priors, tuple(offsets)

    def score(self, frames: Floats, states: Ints | None = None) -> Floats:
        """Return log-likelihoods (T, len(states)), but for a number that all of a frame share; None is all states."""
        device = next(self._net.parameters()).device
        with torch.inference_mode():
            logits = self._net(torch.from_numpy(spliced(frames, self._offsets)).to(device)).cpu()
        scores: Floats = torch.log_softmax(logits, 1).numpy() - self._priors
        return scores if states is None else scores[:, states]
