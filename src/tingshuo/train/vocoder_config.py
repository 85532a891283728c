"""Settings of a vocoder's training, alone and together with the acoustic decoder."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.train.loop_config import Above, Count, Pace, Positive, Weight

BASE = "base"
"""The family that means: go on with the vocoder of the base voice."""


class VocoderConfig(StrictModel, frozen=True, kw_only=True):
    """Which vocoder, what it hears, and the weights of its losses."""

    family: Literal["base", "source_filter", "vocos", "hifigan"] = "base"
    """``base`` goes on with the vocoder of the base voice; a name begins a new one with random weights."""
    size: str = ""
    """Sizes of a new vocoder by name, such as ``light`` of hifigan; without it the family's own."""
    sizes: dict[str, Any] = msgspec.field(default_factory=dict)
    """Sizes of a new vocoder that are other than these, see `tingshuo.models.<family>.config`."""
    loop: Pace = Pace(rate=4e-4)
    batch: Positive = 8
    """Segments of a batch, of each process."""
    frames: Annotated[int, Meta(ge=16)] = 44
    """Hops of a segment."""
    shares: dict[str, Annotated[float, Meta(ge=0, le=1)]] = msgspec.field(default_factory=dict)
    """Speaker to share of all segments; speakers who are not named share the rest by how much there is of them."""
    warm_up: Count = 800
    """Steps at the beginning in which a new vocoder learns without critics."""
    critics_alone: Count = 100
    """Steps at the beginning in which new critics learn alone, when the vocoder has learnt already: what they say at first would
    spoil it."""
    periods: Positive = 2
    """Critics of period that are asked in a step, drawn anew each time; there are five."""
    resolutions: Positive = 2
    """Critics of resolution that are asked in a step; there are three."""
    critic_rate: Above = 2.5
    """Learning rate of the critics over that of the generator: slower ones never catch up."""
    clip: Above = 10.0
    """Largest norm of a gradient."""
    mel_weight: Weight = 15.0
    linear_weight: Weight = 4.0
    adversarial_weight: Weight = 1.0
    matching_weight: Weight = 2.0


class JointConfig(StrictModel, frozen=True, kw_only=True):
    """What is special to the training of vocoder and acoustic decoder together; all else is as in `VocoderConfig`."""

    loop: Pace = Pace(rate=4e-4)
    decoder_rate: Weight = 0.5
    """Learning rate of the decoder over that of the vocoder."""
    blur_weight: Weight = 2.0
    """Of the L1 between predicted and true mels."""
