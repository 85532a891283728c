"""Sizes of a Sambert; the defaults are those of the published Mandarin voices.

Source: the settings of KAN-TTS (``kantts/configs/sambert_*.yaml``, MIT). At 48 kHz there are 128 mel bands; with a harmonic
source in the vocoder there are two more columns, F0 and voicing.
"""

from tingshuo.config import StrictModel
from tingshuo.config.sambert import SambertSizes


class SambertConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.sambert.net.Sambert`."""

    tables: tuple[int, ...]
    """Rows of each table that a symbol is looked up in: phone, tone, place in its syllable, place in its word; of a voice that
    reads bytes, one table."""
    emotions: int
    """Rows of the emotion table."""
    speakers: int
    """Rows of the speaker table; 0 when a speaker is a vector that is given."""
    mels: int = 80
    """Columns of the output: mel bands, and F0 and voicing where the vocoder wants them."""
    embedding: int = 512
    """Features of a symbol before the encoder."""
    encoder_dim: int = 128
    encoder_heads: int = 8
    encoder_layers: int = 8
    encoder_hidden: int = 1024
    """Features between the two convolutions of an encoder block."""
    text_dim: int = 32
    """Features of a symbol after the encoder."""
    speaker_dim: int = 32
    """Features of a speaker: of a row of the table, or of the vector that is given (192)."""
    emotion_dim: int = 32
    predictor_layers: int = 3
    """Memory blocks of the pitch and of the energy predictor."""
    predictor_kernel: int = 41
    """Symbols that one memory block sees."""
    predictor_shift: int = 0
    """Symbols by which that window lies to the left."""
    predictor_dim: int = 128
    predictor_hidden: int = 256
    predictor_lstm: int = 128
    duration_prenet: tuple[int, ...] = (128, 128)
    duration_lstm: int = 128
    decoder_prenet: tuple[int, ...] = (256, 256)
    decoder_dim: int = 128
    decoder_heads: int = 8
    decoder_layers: int = 12
    decoder_hidden: int = 1024
    frames_per_step: int = 3
    postnet_layers: int = 4
    postnet_kernel: int = 41
    postnet_shift: int = 17
    postnet_dim: int = 256
    postnet_hidden: int = 512
    postnet_lstm: int = 128

    @property
    def symbol_dim(self) -> int:
        """Features of a symbol that decide on its durations: text, speaker, emotion."""
        return self.text_dim + self.speaker_dim + self.emotion_dim

    @property
    def memory_dim(self) -> int:
        """Features of a decoder step's memory: the text of each of its frames, one speaker, one emotion."""
        return self.text_dim * self.frames_per_step + self.speaker_dim + self.emotion_dim

    @property
    def sizes(self) -> SambertSizes:
        """What the loop between the graphs knows."""
        before, after = memory_reach(self.postnet_kernel, self.postnet_shift)
        return SambertSizes(
            mels=self.mels,
            text_dim=self.text_dim,
            frames_per_step=self.frames_per_step,
            duration_lstm=self.duration_lstm,
            decoder_layers=self.decoder_layers,
            decoder_dim=self.decoder_dim,
            postnet_lstm=self.postnet_lstm,
            postnet_context_frames=(self.postnet_layers * before, self.postnet_layers * after),
        )


def memory_reach(kernel: int, shift: int) -> tuple[int, int]:
    """Return the steps before and after a step that one memory block sees; ``shift`` moves its window to the left."""
    return kernel // 2 + shift, (kernel - 1) // 2 - shift
