"""Sizes of an EmotiVoice acoustic model; the defaults are those of the published one.

Source: ``config/joint/config.yaml`` of https://github.com/netease-youdao/EmotiVoice (Apache-2.0, Youdao). The two counts of rows
are not written there, they are the lines of the lists of tokens and speakers.
"""

from tingshuo.config import StrictModel


class EmotiVoiceConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.emotivoice.net.EmotiVoice`."""

    tokens: int = 502
    """Rows of the token table."""
    speakers: int = 2014
    """Rows of the speaker table; a voice that was trained further has its own behind them."""
    latent: int = 80
    """Numbers of a frame, what the vocoder reads."""
    dim: int = 384
    """Features of a token, of a frame and of a speaker."""
    prompt: int = 768
    """Features of a prompt: the pooled vector of its words."""
    encoder_layers: int = 4
    encoder_heads: int = 8
    encoder_kernel: int = 3
    """Tokens that one convolution of an encoder block sees, odd."""
    decoder_layers: int = 4
    decoder_heads: int = 8
    decoder_kernel: int = 3
    """Frames that one convolution of a decoder block sees, odd."""
    variance_hidden: int = 384
    """Features between the layers of the predictors of duration, pitch and energy."""
    duration_layers: int = 2
    duration_kernel: int = 3
    pitch_layers: int = 3
    pitch_kernel: int = 3
    embedding_kernel: int = 9
    """Tokens whose pitch or energy one token is told of, odd."""
