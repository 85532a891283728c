"""How mel-frequency cepstral coefficients are computed; `tingshuo.audio.mfcc` computes them."""

from tingshuo.config.mel import MelConfig
from tingshuo.config.strict import StrictModel


class MfccConfig(StrictModel, frozen=True, kw_only=True):
    """How coefficients are computed."""

    mel: MelConfig = MelConfig(n_fft=512, hop_length=128, win_length=512, n_mels=26, fmin=60.0, fmax=7600.0, floor=1e-3)
    n_coefficients: int = 13
    """Cepstral coefficients, the one for the level included."""
    preemphasis: float = 0.97
    """How much of the sample before is subtracted from each."""
    orders: int = 2
    """Orders of differences that follow the coefficients."""
    reach: int = 2
    """Frames on either side that a difference is taken over."""

    @property
    def size(self) -> int:
        """Features of a frame."""
        return self.n_coefficients * (self.orders + 1)
