"""Sizes of a VITS voice; the defaults are those of Piper's medium quality with one speaker."""

from math import prod

from tingshuo.config import StrictModel

EDGE_KERNEL = 7
"""Width of the first and the last convolution of the decoder."""
REACH = 4
"""Phonemes either side that have a distance of their own in the encoder's attention."""


class VitsConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.vits.net.Vits`."""

    sample_rate: int = 22050
    symbols: int = 256
    """Rows of the phoneme table."""
    speakers: int = 1
    speaker_dim: int = 0
    """Features of a speaker; 0 where there is only one, who then has no table."""
    latent: int = 192
    """Channels between encoder, flow and decoder."""
    dim: int = 192
    """Features of the encoder's layers and of those in the flow."""
    heads: int = 2
    encoder_layers: int = 6
    encoder_hidden: int = 768
    encoder_kernel: int = 3
    """Width of the convolutions in a layer, odd."""
    stochastic: bool = True
    """Whether durations are drawn by a flow; otherwise they are predicted, and there is no noise in them."""
    duration_dim: int = 192
    """Features of the layers that make durations."""
    duration_kernel: int = 3
    duration_layers: int = 3
    """In each part of the stochastic kind; their dilations are powers of the kernel."""
    duration_steps: int = 3
    """Steps of the stochastic kind that are run: one less than were trained."""
    duration_bins: int = 10
    """Pieces of a spline."""
    flow_steps: int = 4
    flow_layers: int = 4
    """In each step."""
    flow_kernel: int = 5
    channels: int = 256
    """After the decoder's first convolution; halved by every upsampling."""
    upsample_rates: tuple[int, ...] = (8, 8, 4)
    upsample_kernels: tuple[int, ...] = (16, 16, 8)
    """Width of each transposed convolution, its rate plus an even number."""
    block_kind: int = 2
    """Residual blocks of kind 1 have a plain convolution after every dilated one, those of kind 2 have not."""
    block_kernels: tuple[int, ...] = (3, 5, 7)
    """One residual block each after every upsampling; their results are averaged."""
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 2), (2, 6), (3, 12))

    @property
    def hop_length(self) -> int:
        """Samples made of a frame."""
        return prod(self.upsample_rates)

    @property
    def flow_context_frames(self) -> int:
        """Frames either side of a frame that the flow hears."""
        return self.flow_steps * self.flow_layers * (self.flow_kernel // 2)

    @property
    def decoder_context_frames(self) -> int:
        """Frames either side of a frame that its samples depend on."""
        first, last = -(EDGE_KERNEL // 2), self.hop_length - 1 + EDGE_KERNEL // 2
        more = 1 if self.block_kind == 1 else 0  # the plain convolution has the dilation 1
        pairs = zip(self.block_kernels, self.block_dilations, strict=True)
        reach = max(sum(kernel // 2 * (dilation + more) for dilation in dilations) for kernel, dilations in pairs)
        for rate, kernel in reversed(list(zip(self.upsample_rates, self.upsample_kernels, strict=True))):
            padding = (kernel - rate) // 2
            first = -((kernel - 1 - padding - (first - reach)) // rate)
            last = (last + reach + padding) // rate
        return max(-(first - EDGE_KERNEL // 2), last + EDGE_KERNEL // 2)


# Qualities as Piper's trainer names them: TRAINING.md and the option --quality of github.com/rhasspy/piper (MIT).
_MEDIUM = VitsConfig()
_HIGH_BLOCKS = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
PRESETS: dict[str, VitsConfig] = {
    "x_low": _MEDIUM.replace(sample_rate=16000, latent=96, dim=96, encoder_hidden=384, duration_dim=96),
    "low": _MEDIUM.replace(sample_rate=16000),
    "medium": _MEDIUM,
    "high": _MEDIUM.replace(
        channels=512,
        upsample_rates=(8, 8, 2, 2),
        upsample_kernels=(16, 16, 4, 4),
        block_kind=1,
        block_kernels=(3, 7, 11),
        block_dilations=_HIGH_BLOCKS,
    ),
}
