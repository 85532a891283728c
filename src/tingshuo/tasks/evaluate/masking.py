"""Noise over clips at a signal-to-noise ratio that is named: what a recogniser hears in a room that is not quiet.

The noise is steady and has the spectrum of the very clip on average, so that it covers all of the speech alike, low and high
(as speech-shaped noise does in audiology: J. Festen and R. Plomp 1990). The ratio is that of the speech, pauses left out, to the
noise that is added; noise that the clip has already comes on top.
"""

from binascii import crc32

import numpy as np

from tingshuo.audio.noise import SeededNoise
from tingshuo.audio.stft import stft
from tingshuo.types import Wav

FRAME_S = 0.032


def with_noise(wav: Wav, sample_rate: int, level_db: float, snr_db: float, name: str) -> Wav:
    """Return a clip with noise.

    Parameters
    ----------
    wav : Wav
        (T,), at least one sample.
    sample_rate : int
        Hz.
    level_db : float
        Of its speech, dB relative to full scale (`tingshuo.data.measures.Measures.level_db`).
    snr_db : float
        Speech over added noise.
    name : str
        Of the clip: other clips get other noise, this one always the same.

    Returns
    -------
    Wav
        (T,); quieter as a whole where it would be cut off otherwise.
    """
    n_fft = 2 * round(FRAME_S * sample_rate / 2)
    shape = np.sqrt(np.square(np.abs(stft(wav, n_fft, n_fft // 4))).mean(axis=0))
    white = np.fft.rfft(SeededNoise(crc32(name.encode())).read(0, len(wav)))
    places = np.linspace(0, len(shape) - 1, len(white))
    noise = np.fft.irfft(white * np.interp(places, np.arange(len(shape)), shape), len(wav))
    power = float(np.sqrt(np.square(noise).mean()))
    noisy = wav + noise * (10 ** ((level_db - snr_db) / 20) / max(power, 1e-20))
    peak = float(np.abs(noisy).max())
    return (noisy / max(peak, 1.0)).astype(np.float32)
