"""How recordings are changed while they teach a recogniser."""

from typing import Annotated

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.train.loop_config import Count, Share, Weight


class DisguiseConfig(StrictModel, frozen=True, kw_only=True):
    """How far clips are changed before the net hears them, each time anew; 0 leaves them as they are."""

    tempo: Annotated[float, Meta(ge=0, le=0.5)] = 0.2
    """Largest logarithm of the change of tempo, up and down."""
    tract_bands: Weight = 3.0
    """Bands by which the upper end of a spectrum is moved at most, up and down: as by another length of the vocal tract."""
    colour_nepers: Weight = 0.7
    """Deviation of a smooth curve that is added to all frames, as by another microphone."""
    rooms: Share = 0.5
    """Share of the clips that get the echo of a room."""
    decay_s: tuple[float, float] = (0.15, 0.8)
    """Least and largest time in which the echo falls by 60 dB."""
    echo_db: tuple[float, float] = (-16.0, 0.0)
    """Least and largest level of the echo of a steady sound, relative to the sound."""
    noisy: Share = 0.75
    """Share of the clips that get noise: stationary, or sound that is none of the words where there is some."""
    snr_db: tuple[float, float] = (2.0, 35.0)
    """Least and largest level of a clip above its noise."""
    gated: Share = 0.15
    """Share of the clips whose silence is deeper than it was, down to none at all."""
    band_masks: Count = 2
    """Stretches of bands that are hidden."""
    band_mask: Count = 6
    """Bands of the widest."""
    time_masks: Count = 2
    """Stretches of frames that are hidden; short ones, as words may differ in one sound."""
    time_mask: Count = 9
    """Frames of the longest."""
