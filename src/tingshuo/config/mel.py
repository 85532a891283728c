"""How features are computed."""

from tingshuo.config.strict import StrictModel


class MelConfig(StrictModel, frozen=True):
    """How a log-mel spectrogram is computed: magnitude STFT, triangular mel filters, natural log."""

    sample_rate: int = 24000
    n_fft: int = 1024
    """Samples of a frame's FFT."""
    hop_length: int = 256
    """Samples between frames."""
    win_length: int = 1024
    """Samples of the periodic Hann window."""
    n_mels: int = 100
    fmin: float = 0.0
    """Hz."""
    fmax: float = 12000.0
    """Hz."""
    floor: float = 1e-7
    """Smallest magnitude before the logarithm."""
