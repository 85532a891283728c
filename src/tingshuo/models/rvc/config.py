"""Sizes of an RVC voice, and the published combinations of its decoder."""

from math import prod

from tingshuo.config import StrictModel

FRAMES_PER_S = 100
"""Of content vectors, pitch and latents alike, at every sample rate."""
FLOW_KERNEL = 5
"""Taps of a layer of the flow."""


class RvcConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.rvc.net.Rvc`; the defaults are those of version 2 at 40 kHz."""

    sample_rate: int = 40000
    content_dim: int = 768
    """Features of a content vector: 256 in version 1, 768 in version 2."""
    pitched: bool = True
    """Whether it is told the pitch. A voice without knows it from the content alone, and has no source."""
    speakers: int = 109
    """Rows of the speaker table; as a rule only the first has been trained."""
    speaker_dim: int = 256
    latent: int = 192
    """Channels between encoder, flow and decoder."""
    dim: int = 192
    """Features of the encoder's layers and of those in the flow."""
    heads: int = 2
    encoder_layers: int = 6
    encoder_hidden: int = 768
    encoder_kernel: int = 3
    """Width of the convolutions in a layer, odd."""
    flow_steps: int = 4
    flow_layers: int = 3
    """In each step."""
    channels: int = 512
    """After the decoder's first convolution; halved by every upsampling."""
    upsample_rates: tuple[int, ...] = (10, 10, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    """Width of each transposed convolution, its rate plus an even number."""
    block_kernels: tuple[int, ...] = (3, 7, 11)
    """One residual block each after every upsampling; their results are averaged."""
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    @property
    def flow_context_frames(self) -> int:
        """Frames either side of a frame that the flow hears."""
        return self.flow_steps * self.flow_layers * (FLOW_KERNEL // 2)

    @property
    def hop_length(self) -> int:
        """Samples made of a frame."""
        return prod(self.upsample_rates)

    @property
    def source_strides(self) -> tuple[int, ...]:
        """Samples of the source for a step after each upsampling."""
        return tuple(prod(self.upsample_rates[stage + 1 :]) for stage in range(len(self.upsample_rates)))


# Configurations that the training programs offer: configs/v1 and configs/v2 of github.com/RVC-Project/
# Retrieval-based-Voice-Conversion-WebUI at 4338f12, and 24 kHz of github.com/IAHispano/Applio at b9c0ccb (both MIT).
_V2 = RvcConfig()
PRESETS: dict[str, RvcConfig] = {
    "24k v2": _V2.replace(sample_rate=24000, upsample_rates=(10, 6, 2, 2), upsample_kernels=(20, 12, 4, 4)),
    "32k v1": _V2.replace(
        sample_rate=32000, content_dim=256, upsample_rates=(10, 4, 2, 2, 2), upsample_kernels=(16, 16, 4, 4, 4)
    ),
    "32k v2": _V2.replace(sample_rate=32000, upsample_rates=(10, 8, 2, 2), upsample_kernels=(20, 16, 4, 4)),
    "40k v1": _V2.replace(content_dim=256),
    "40k v2": _V2,
    "48k v1": _V2.replace(
        sample_rate=48000, content_dim=256, upsample_rates=(10, 6, 2, 2, 2), upsample_kernels=(16, 16, 4, 4, 4)
    ),
    "48k v2": _V2.replace(sample_rate=48000, upsample_rates=(12, 10, 2, 2), upsample_kernels=(24, 20, 4, 4)),
}
