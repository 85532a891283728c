"""Measures of audio: clicks, clipping, levels, and distances between spectra and between pitch contours.

Sources: R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993 (MCD); A. Gray and
J. Markel, "Distance measures for speech processing", 1976 (log-spectral distance).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import frames_of, stft
from tingshuo.types import Wav

CLICK_RATIO = 3.0
"""A second difference this many times the largest nearby is a click; synthesised speech stays below 1.3 at any place."""
CLICK_NEIGHBOURHOOD_SAMPLES = 240
CLICK_WIDTH_SAMPLES = 2
CLICK_FLOOR = 2.0**-12
"""Second differences below this are the rounding of 16-bit samples, not clicks."""
FULL_SCALE = 32767 / 32768
SPECTRAL_FLOOR_DB = -80.0


def click_ratio(wav: Wav, position: int) -> float:
    """Return how much a place sticks out of its neighbourhood.

    The largest second difference within `CLICK_WIDTH_SAMPLES` of ``position``, divided by the largest within
    `CLICK_NEIGHBOURHOOD_SAMPLES` of it on either side, the place itself left out. About 1 or less where nothing is wrong.

    Parameters
    ----------
    wav : Wav
        Shape (T,).
    position : int
        A sample: the first after a border.
    """
    start = max(position - CLICK_NEIGHBOURHOOD_SAMPLES, 0)
    bend = np.abs(np.diff(np.asarray(wav[start : position + CLICK_NEIGHBOURHOOD_SAMPLES], np.float64), n=2))
    # bend[i] is centred at sample start + i + 1.
    offset = np.abs(np.arange(len(bend)) + start + 1 - position)
    here = bend[offset <= CLICK_WIDTH_SAMPLES].max(initial=0.0)
    around = bend[offset > CLICK_WIDTH_SAMPLES].max(initial=0.0)
    return float(here / max(around, CLICK_FLOOR))


def find_clicks(wav: Wav, positions: Sequence[int], ratio: float = CLICK_RATIO) -> list[int]:
    """Return those of the positions at which there is a click: `click_ratio` above ``ratio``."""
    return [position for position in positions if click_ratio(wav, position) > ratio]


def clipped_samples(wav: Wav, run: int = 2) -> int:
    """Return how many samples lie in runs of at least ``run`` at or beyond full scale, shape of ``wav`` (T,)."""
    full = np.abs(wav) >= FULL_SCALE
    edges = np.flatnonzero(np.diff(np.pad(full, 1).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= run].sum())


def frame_rms_db(wav: Wav, frame_length: int, hop_length: int, floor_db: float = -120.0) -> NDArray[np.float32]:
    """Return the level of each frame in dB relative to full scale.

    Parameters
    ----------
    wav : Wav
        Shape (T,).
    frame_length, hop_length : int
        Samples; frame k is centred at sample ``k * hop_length``, with silence beyond the ends.
    floor_db : float
        Lowest level that is returned.

    Returns
    -------
    NDArray
        Shape (T // hop_length + 1,).
    """
    before = frame_length // 2
    padded = np.pad(np.asarray(wav, np.float32), (before, frame_length - before))
    frames = frames_of(padded, frame_length, hop_length)[: len(wav) // hop_length + 1]
    power = np.einsum("fn,fn->f", frames, frames, dtype=np.float64) / frame_length
    level: NDArray[np.float32] = (10 * np.log10(np.maximum(power, 10 ** (floor_db / 10)))).astype(np.float32)
    return level


def log_spectral_distance_db(a: Wav, b: Wav, n_fft: int = 1024, hop_length: int = 256) -> float:
    """Return the root-mean-square difference of two signals' spectra in dB, mean over frames.

    Magnitudes more than 80 dB below the louder signal's peak count as equal to that.

    Parameters
    ----------
    a, b : Wav
        Shape (T,), the same for both.
    n_fft, hop_length : int
        Samples of a frame and between frames.
    """
    assert a.shape == b.shape, f"signals of {a.shape} and {b.shape}"
    return spectra_distance_db(*(np.abs(stft(wav, n_fft, hop_length)) for wav in (a, b)))


def spectra_distance_db(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the same of two series of magnitude spectra, shape (frames, bins), the same for both."""
    assert a.shape == b.shape, f"spectra of {a.shape} and {b.shape}"
    floor = max(max(float(s.max()) for s in (a, b)) * 10 ** (SPECTRAL_FLOOR_DB / 20), 1e-12)
    first, second = (20 * np.log10(np.maximum(s, floor)) for s in (a, b))
    return float(np.sqrt(np.mean(np.square(first - second), axis=1)).mean())


def mel_cepstra(mel: NDArray[np.floating], order: int = 13) -> NDArray[np.float64]:
    """Return the coefficients of the cosine series of log magnitudes on the mel axis, ``sum of c_k cos(k w)``.

    Parameters
    ----------
    mel : NDArray
        Natural log of mel magnitudes, shape (n_mels, frames).
    order : int
        Highest coefficient.

    Returns
    -------
    NDArray
        Shape (order + 1, frames), coefficient 0 (the level) first.
    """
    n_mels = mel.shape[0]
    basis = 2 / n_mels * np.cos(np.pi / n_mels * np.outer(np.arange(order + 1), np.arange(n_mels) + 0.5))
    basis[0] /= 2
    cepstra: NDArray[np.float64] = basis @ mel.astype(np.float64)
    return cepstra


def mcd_db(a: NDArray[np.float32], b: NDArray[np.float32], order: int = 13) -> float:
    """Return the mel-cepstral distortion of two log-mel spectrograms in dB, mean over frames; not aligned in time.

    ``10 / ln 10 * sqrt(2 * sum of squared differences)`` of the coefficients 1 to ``order`` of `mel_cepstra`; the level
    (coefficient 0) does not count. For signals of unlike pace, pick frames that belong together with `tingshuo.audio.align`.

    Parameters
    ----------
    a, b : NDArray
        Natural log of mel magnitudes, shape (n_mels, frames), the same for both.
    order : int
        Coefficients that count.
    """
    assert a.shape == b.shape, f"spectrograms of {a.shape} and {b.shape}"
    difference = mel_cepstra(a.astype(np.float64) - b, order)[1:]
    return float(10 / np.log(10) * np.sqrt(2 * np.square(difference).sum(axis=0)).mean())


def f0_rmse_cents(a: NDArray[np.float32], b: NDArray[np.float32], *, centered: bool = False) -> float:
    """Return the root-mean-square difference of two F0 contours in cents where both are voiced; NaN where they never are.

    Parameters
    ----------
    a, b : NDArray
        Hz, 0 = unvoiced, shape (frames,), the same for both.
    centered : bool
        Whether the mean difference is taken out: what remains is that of the melodies, whatever their height.
    """
    assert a.shape == b.shape, f"contours of {a.shape} and {b.shape}"
    both = (a > 0) & (b > 0)
    if not both.any():
        return float("nan")
    cents = 1200 * np.log2(a[both].astype(np.float64) / b[both])
    return float(np.std(cents) if centered else np.sqrt(np.mean(np.square(cents))))


def voicing_error(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the share of frames in which just one of two F0 contours is voiced, 0 to 1.

    Parameters
    ----------
    a, b : NDArray
        Hz, 0 = unvoiced, shape (frames,), the same for both, at least one frame.
    """
    assert a.shape == b.shape, f"contours of {a.shape} and {b.shape}"
    return float(np.mean((a > 0) != (b > 0)))
