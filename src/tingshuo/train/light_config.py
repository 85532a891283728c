"""Settings of a light vocoder: which net, what its teacher says for it, the weights of its losses, and when it is good enough."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tingshuo.config import FrameConfig, MelConfig, StrictModel
from tingshuo.errors import RequestError
from tingshuo.models.vocos.config import SMALL, VocosConfig
from tingshuo.train.loop_config import Above, LoopConfig
from tingshuo.train.vocoder_config import VocoderConfig

SIZES = {"small": SMALL, "large": VocosConfig()}
"""Two and thirteen million parameters; a frame of the small one is 2.7 million multiplications."""
OVERLAP = 4
"""Hops in a frame's FFT: with a Hann window, what overlaps adds up evenly."""
TEXTS = 600


class LightConfig(StrictModel, frozen=True, kw_only=True):
    """How a light vocoder is taught; every key has a default."""

    size: str = "small"
    """A key of `SIZES`."""
    sizes: dict[str, int] = msgspec.field(default_factory=dict)
    """Sizes that are other than these: ``dim``, ``hidden``, ``layers``."""
    texts: Annotated[int, Meta(ge=2)] = TEXTS
    """At most so many texts are spoken by the voice."""
    limit_nepers: Above = 0.3
    """Largest mean distance of the logarithms of 80 mel bands from the vocoder that taught it; 1 neper is 8.7 dB. Two renderings
    of the built-in vocoder with other noise are 0.18 apart."""
    limit_opinion: Above = 0.2
    """Most that DNSMOS may lose, of 5, where it is installed. Farther off in either, no bundle is written."""
    vocoder: VocoderConfig = VocoderConfig(family="vocos", batch=8, frames=44, warm_up=4000, critics_alone=0)
    """Segments, losses, and the step at which critics come in; its family and sizes are not read."""
    loop: LoopConfig = LoopConfig(
        steps=20000, rate=4e-4, warm_up=100, average=0.999, log_every=10, evaluate_every=250, checkpoint_every=250
    )


def student_sizes(config: LightConfig, columns: int, hop_length: int) -> VocosConfig:
    """Return the sizes of a student.

    Parameters
    ----------
    config : LightConfig
        Its ``size`` and ``sizes``.
    columns : int
        Numbers of a frame that the vocoder reads.
    hop_length : int
        Samples of a frame.

    Raises
    ------
    RequestError
        No such size.
    ConfigError
        A size that the family does not have, or a wrong value.
    """
    if config.size not in SIZES:
        raise RequestError(f"unknown size {config.size!r}; accepted: {', '.join(SIZES)}", "size")
    framing = {"mels": columns, "n_fft": OVERLAP * hop_length, "hop_length": hop_length}
    return VocosConfig.check(SIZES[config.size].fields() | config.sizes | framing, "sizes")


def student_mel(frames: FrameConfig, sizes: VocosConfig) -> MelConfig:
    """Return how the frames that a student reads lie in time; how their columns came about is the voice's own business."""
    return MelConfig(
        sample_rate=frames.sample_rate,
        n_fft=sizes.n_fft,
        hop_length=sizes.hop_length,
        win_length=sizes.n_fft,
        n_mels=sizes.mels,
        fmax=frames.sample_rate / 2,
    )
