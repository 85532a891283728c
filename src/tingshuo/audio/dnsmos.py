"""DNSMOS: what listeners would say of a recording's quality, predicted by Microsoft's networks.

The networks come with the package ``speechmos`` (MIT licence; the extra ``evaluate``). Only its files are used: the package
itself wants librosa for one spectrogram, which is computed here. Figures equal those of ``speechmos.dnsmos`` to 0.001.

Sources: C. Reddy, V. Gopal and R. Cutler, "DNSMOS P.835: a non-intrusive perceptual objective speech quality metric to evaluate
noise suppressors", 2022 (OVRL, SIG, BAK), and "DNSMOS: a non-intrusive perceptual objective speech quality metric to evaluate
noise suppressors", 2021 (P808); the mel scale is that of M. Slaney, "Auditory Toolbox", 1998.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.resample import resample
from tingshuo.audio.stft import frames_of
from tingshuo.engine.onnx import Session, open_graph
from tingshuo.errors import EngineNotInstalledError
from tingshuo.types import Wav

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 144160
"""9.01 s: what the networks judge at once; shorter sound is repeated, longer is judged every second."""
HINT = "pip install tingshuo[evaluate]"
_N_FFT, _HOP, _N_MELS = 321, 160, 120
# From the raw outputs of the networks to opinion scores: polynomials of the package, highest power first.
_CURVES = {
    "ovrl": (-0.06766283, 1.11546468, 0.04602535),
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
}


class Opinion(NamedTuple):
    """Mean opinion scores, 1 (bad) to 5 (excellent): overall, of the speech, of the background, and overall by ITU-T P.808."""

    ovrl: float
    sig: float
    bak: float
    p808: float


class Dnsmos:
    """The opened networks; `judge` may be called from several threads.

    Raises
    ------
    EngineNotInstalledError
        The package ``speechmos`` is missing; the message has the command that installs it.
    """

    def __init__(self) -> None:
        folder = _folder()
        self._p835: Session = open_graph(folder / "sig_bak_ovr.onnx", {})
        self._p808: Session = open_graph(folder / "model_v8.onnx", {})

    def judge(self, wav: Wav, sample_rate: int) -> Opinion:
        """Predict the opinion of a recording; the mean over its windows.

        Parameters
        ----------
        wav : Wav
            Shape (T,), at least one sample; scaled to full scale when it goes beyond.
        sample_rate : int
            Hz.
        """
        sound = resample(wav, sample_rate, SAMPLE_RATE)
        sound = sound / max(1.0, float(np.abs(sound).max(initial=0)))
        while len(sound) < WINDOW_SAMPLES:
            sound = np.concatenate([sound, sound])
        scores = np.array(
            [self._window(sound[start : start + WINDOW_SAMPLES].astype(np.float32)) for start in _starts(len(sound))]
        )
        return Opinion(*scores.mean(axis=0).tolist())

    def _window(self, sound: Wav) -> tuple[float, ...]:
        raw = next(iter(self._p835.run({"input_1": sound[None]}).values()))[0]
        sig, bak, ovrl = (
            float(np.polyval(_CURVES[name], value)) for name, value in zip(("sig", "bak", "ovrl"), raw, strict=True)
        )
        p808 = next(iter(self._p808.run({"input_1": _log_mel(sound[:-_HOP])[None]}).values()))
        return ovrl, sig, bak, float(p808[0, 0])


def _folder() -> Path:
    spec = find_spec("speechmos")
    if spec is None or not spec.submodule_search_locations:
        raise EngineNotInstalledError(f"DNSMOS needs the package 'speechmos': {HINT}")
    return Path(spec.submodule_search_locations[0], "dnsmos_models")


def _starts(samples: int) -> list[int]:
    """Where the windows begin, a second apart; those that the package passes over are passed over here too.

    It counts windows by whole seconds, and those whose end is cut short when seconds become samples (such as the one from 7 s to
    16.01 s, in binary fractions a sample too short) are skipped.
    """
    length_s = WINDOW_SAMPLES / SAMPLE_RATE
    count = int(samples // SAMPLE_RATE - length_s) + 1
    return [k * SAMPLE_RATE for k in range(count) if int((k + length_s) * SAMPLE_RATE) - k * SAMPLE_RATE == WINDOW_SAMPLES]


def _log_mel(sound: Wav) -> NDArray[np.float32]:
    """Return the input of the P.808 network, (frames, 120): decibels below the peak, at most 80, over 40, plus 1."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    frames = frames_of(np.pad(sound, _N_FFT // 2), _N_FFT, _HOP) * window
    power = np.square(np.abs(np.fft.rfft(frames))) @ _filterbank().T
    level = 10 * np.log10(np.maximum(power, 1e-10))
    level -= level.max()
    scaled: NDArray[np.float32] = ((np.maximum(level, -80) + 40) / 40).astype(np.float32)
    return scaled


@lru_cache(maxsize=1)
def _filterbank() -> NDArray[np.float64]:
    """Return triangles of equal area on the Slaney scale, (120, 161): linear to 1 kHz, then 27 steps to each factor of 6.4."""
    top = 15 + np.log(SAMPLE_RATE / 2 / 1000) * 27 / np.log(6.4)
    mels = np.linspace(0, top, _N_MELS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    bins = np.fft.rfftfreq(_N_FFT, 1 / SAMPLE_RATE)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    area: NDArray[np.float64] = triangles * 2 / (high - low)
    return area
