"""Sizes of the acoustic model."""

from tingshuo.config import StrictModel


class FastSpeechConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.fastspeech.net.FastSpeech`."""

    phonemes: int
    """Rows of the phoneme table."""
    styles: int
    """Rows of the style table."""
    speakers: int
    """Rows of the speaker table."""
    mels: int = 100
    """Mel bands of the output."""
    dim: int = 256
    """Features of a phoneme, and of a style."""
    heads: int = 4
    """Attention heads of the encoder."""
    encoder_layers: int = 4
    encoder_hidden: int = 1024
    """Features between the two convolutions of an encoder block."""
    duration_layers: int = 3
    duration_kernel: int = 5
    """Phonemes that one convolution of the duration predictor sees."""
    pitch_hidden: int = 256
    """Features between the layers of the pitch predictor."""
    pitch_layers: int = 4
    pitch_kernel: int = 7
    """Frames that one convolution of the pitch predictor sees."""
    decoder_dim: int = 384
    """Features of a frame in the decoder, and of a speaker."""
    decoder_hidden: int = 1152
    decoder_layers: int = 6
    pitch_embedding_kernel: int = 5
    """Frames of F0 that one decoder frame sees."""
    emotions: int = 0
    """Rows of the emotion table, which adds to the style; 0 is no such table."""
    energy: int = 0
    """1 when the energy of each frame is predicted beside its pitch and given to the decoder, else 0."""
    tones: int = 6
    """Rows of the tone table: 6, or 9 with the stresses of English."""
