"""Sizes of a recogniser of time-delay layers and LSTMs."""

from typing import Annotated, ClassVar

from msgspec import Meta

from tingshuo.config.strict import StrictModel

Positive = Annotated[int, Meta(ge=1)]


class TdnnLstmConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of `tingshuo.models.tdnn_lstm.net.TdnnLstm`."""

    dynamic_chunk: ClassVar[bool] = False
    """It hears whole utterances."""
    streams: ClassVar[bool] = False

    units: Annotated[int, Meta(ge=2)]
    """Rows of the output, blank included."""
    features: Positive = 80
    """Bands of a frame that the net reads, normalised."""
    subsampling: Positive = 3
    """Frames of features to one frame of the encoder."""
    context_frames: Positive = 5
    """Frames of features that the first layer sees at a time, at least as many as it goes on by."""
    dim: Positive = 320
    """Features inside, and cells of an LSTM."""
    delays: Annotated[tuple[tuple[Positive, ...], ...], Meta(min_length=1)] = ((1, 1), (1, 3), (3, 3))
    """For each LSTM, how far back and ahead each time-delay layer before it looks, in frames of the encoder."""

    def __post_init__(self) -> None:
        """Refuse a first layer that leaves frames out."""
        if self.context_frames < self.subsampling:
            raise ValueError(f"context_frames, {self.context_frames}, must not be less than subsampling, {self.subsampling}")

    @property
    def layers(self) -> int:
        """LSTMs, each with the time-delay layers before it."""
        return len(self.delays)

    @property
    def ahead_frames(self) -> int:
        """Frames of the encoder that it looks ahead."""
        return sum(delay for block in self.delays for delay in block)

    def encoded_frames(self, frames: int) -> int:
        """Return how many encoder frames come of ``frames`` frames of features."""
        return max(0, (frames - self.context_frames) // self.subsampling + 1)
