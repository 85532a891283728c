"""Settings of a training loop: how long, how fast, how often."""

import math
from typing import Annotated, Literal

from msgspec import Meta

from tingshuo.config import StrictModel

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Above = Annotated[float, Meta(gt=0)]
Weight = Annotated[float, Meta(ge=0)]


class Pace(StrictModel, frozen=True, kw_only=True):
    """How long a stage of a training takes, how fast it learns, and how often it tells."""

    steps: Positive = 20000
    minutes: Above | None = None
    """Train for so long instead of a number of steps. How many steps that makes depends on the machine."""
    rate: Above = 1e-3
    """Learning rate at its highest."""
    warm_up: Count = 200
    """Steps over which the rate rises."""
    schedule: Literal["cosine", "constant"] = "cosine"
    final_rate: Share = 0.02
    """Share of the rate that is left at the end of a cosine."""
    weight_decay: Weight = 0.01
    average: Share = 0.999
    """Share of the moving average of the weights that a step keeps."""
    log_every: Positive = 20
    evaluate_every: Positive = 500
    checkpoint_every: Positive = 500

    def rate_factor(self, step: int, done: float) -> float:
        """Return the factor on the base rate of a step counted from 0, when the share ``done`` of the training is done."""
        rise = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        if self.schedule == "constant":
            return rise
        return rise * (self.final_rate + (1 - self.final_rate) * 0.5 * (1 + math.cos(math.pi * done)))


class LoopConfig(Pace, frozen=True, kw_only=True):
    """A pace, and what decides how this machine keeps it."""

    batch_frames: Positive = 3000
    """Frames of a batch of an acoustic model, padding included."""
    clip: Above = 2.0
    """Largest norm of an acoustic model's gradient."""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    threads: Count = 0
    """Of the processor; 0 is as many as there are."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of products and convolutions; auto is bf16 where the hardware computes in it."""

    def at(self, pace: Pace) -> "LoopConfig":
        """Return the loop of another stage on this machine: its own pace, the same seed, threads and precision."""
        return self.replace(**{name: getattr(pace, name) for name in Pace.__struct_fields__})
