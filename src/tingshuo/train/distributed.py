"""Several processes that train one model: sums over all of them, so that together they do what one with all the clips would.

Started by ``torchrun``, which gives each process its rank in the environment; without it a process is alone and every sum is
its own. A loss is a sum of errors over a count, both summed over the processes before they are divided.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, nn

PATIENCE = timedelta(hours=24)
"""The others wait for so long while the first process prepares features or evaluates."""


@dataclass(frozen=True, slots=True)
class World:
    """Who takes part: process ``rank`` of ``size``."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes logs and checkpoints."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes of a tensor without gradient; every process must ask."""
        if self.size > 1:
            values = values.clone()
            torch.distributed.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their sums over all processes; a parameter without one counts as zero."""
        if self.size == 1:
            return
        learning = [p for p in parameters if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in learning])
        torch.distributed.all_reduce(flat)
        for parameter, gradient in zip(learning, torch.split(flat, [p.numel() for p in learning]), strict=True):
            parameter.grad = gradient.view_as(parameter)

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process; every process must ask."""
        if self.size == 1:
            return flag
        return bool(self.sum(torch.tensor(float(flag), device=self.device)) > 0)

    @property
    def device(self) -> torch.device:
        """Where this process computes: its own GPU where there is one, else the processor."""
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return torch.device("cpu")


@contextmanager
def join() -> Iterator[World]:
    """Join the processes that ``torchrun`` started, and leave them at the end; alone when there is none.

    NCCL carries the sums between GPUs, gloo between processors.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    world = World(int(os.environ["RANK"]), size)
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(world.device)
    torch.distributed.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    try:
        yield world
        torch.distributed.barrier()  # nobody leaves while another is still on the line: gloo aborts then
    finally:
        torch.distributed.destroy_process_group()
