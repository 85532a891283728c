"""Settings of a vocoder's training."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Weight = Annotated[float, Meta(ge=0)]
Above = Annotated[float, Meta(gt=0)]


class VocoderConfig(StrictModel, frozen=True, kw_only=True):
    """Which vocoder, what it hears, and the weights of its losses."""

    family: Literal["source_filter", "vocos", "hifigan"] = "source_filter"
    sizes: dict[str, Any] = msgspec.field(default_factory=dict)
    """Other sizes than the family's own, see `tingshuo.models.<family>.config`."""
    batch: Positive = 8
    """Segments of a batch, of each process."""
    frames: Annotated[int, Meta(ge=16)] = 44
    """Hops of a segment."""
    shares: dict[str, Annotated[float, Meta(ge=0, le=1)]] = msgspec.field(default_factory=dict)
    """Speaker to share of all segments; speakers who are not named share the rest by how much there is of them."""
    warm_up: Count = 800
    """Steps without critics."""
    periods: Positive = 2
    """Critics of period that are asked in a step, drawn anew each time; there are five."""
    resolutions: Positive = 2
    """Critics of resolution that are asked in a step; there are three."""
    critic_rate: Above = 2.5
    """Learning rate of the critics over that of the generator: slower ones never catch up."""
    decoder_rate: Weight = 0.5
    """Learning rate of the acoustic decoder in a joint training over that of the generator."""
    clip: Above = 10.0
    """Largest norm of a gradient."""
    mel_weight: Weight = 15.0
    linear_weight: Weight = 4.0
    adversarial_weight: Weight = 1.0
    matching_weight: Weight = 2.0
    blur_weight: Weight = 2.0
    """Of the L1 between predicted and true mels in a joint training."""
