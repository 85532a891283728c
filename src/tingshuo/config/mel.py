"""How features are computed."""

from typing import Literal

from tingshuo.config.strict import StrictModel


class MelConfig(StrictModel, frozen=True):
    """How a log-mel spectrogram is computed: magnitude STFT, triangular mel filters, logarithm.

    The defaults are the public 24 kHz convention of Vocos (H. Siuzdak 2023), which is that of torchaudio. What others do
    otherwise has a field each; a config without these fields means what it has always meant.
    """

    sample_rate: int = 24000
    n_fft: int = 1024
    """Samples of a frame's FFT."""
    hop_length: int = 256
    """Samples between frames."""
    win_length: int = 1024
    """Samples of the periodic Hann window, centred in the frame."""
    n_mels: int = 100
    fmin: float = 0.0
    """Hz."""
    fmax: float = 12000.0
    """Hz."""
    floor: float = 1e-7
    """Smallest mel-weighted magnitude before the logarithm."""
    scale: Literal["htk", "slaney"] = "htk"
    """Mel scale: that of the HTK Book, or that of Slaney's Auditory Toolbox, linear below 1 kHz, the default of librosa."""
    norm: Literal["none", "slaney"] = "none"
    """Whether every filter is divided by half of its width in Hz, so that all have the same area, the default of librosa."""
    framing: Literal["center", "same"] = "center"
    """``center``: frame k is centred at sample ``k * hop_length``, and F + 1 frames enclose F hops. ``same``: it is centred half
    a hop later, so that it stands for the samples from ``k * hop_length`` to the next frame's, as HiFi-GAN trains (J. Kong et
    al. 2020; ``meldataset.py`` of https://github.com/jik876/hifi-gan pads ``(n_fft - hop_length) / 2`` samples). Both reflect
    the signal at its ends."""
    power_offset: float = 0.0
    """Added to the power of a bin before its root is taken; HiFi-GAN's is 1e-9."""
    levels_db: tuple[float, float] | None = None
    """Decibels that become 0 and 1, what lies beyond is clipped: KAN-TTS, whose defaults are -80 and 20. None is the natural
    logarithm as it is."""

    def differences(self, other: "MelConfig", names: tuple[str, str] = ("", "")) -> tuple[str, ...]:
        """Return what is not the same in another convention, ``n_mels 100 against 80`` each, in the order of the fields.

        ``names`` stand before the two values.
        """
        mine, theirs = self.fields(), other.fields()
        first, second = (f"{name} " if name else "" for name in names)
        return tuple(
            f"{key} {first}{_spelt(value)} against {second}{_spelt(theirs[key])}"
            for key, value in mine.items()
            if value != theirs[key]
        )


def _spelt(value: object) -> str:
    if isinstance(value, list | tuple):
        return " to ".join(_spelt(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)
