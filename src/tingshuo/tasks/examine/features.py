"""Whether a user's sound or features are what a model was made for: rate, shape, scale, statistics.

The measure are the features that the vocoder's golden vectors hold, which are speech. Features that were computed otherwise are
told by what would turn them into these: another logarithm, decibels, no logarithm, frames and bands the wrong way round.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import log_mel
from tingshuo.audio.read import read
from tingshuo.audio.resample import resample
from tingshuo.config import FamilyConfig, MelConfig
from tingshuo.errors import DataError
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.examine.finding import Finding, State

Array = NDArray[Any]

FEATURES = ".npy"
FAR = 1.5
"""Deviations of the golden features by which the mean of others may lie apart, and factor of the deviation itself."""
LN10 = float(np.log(10))
QUIET = 1e-5
"""Floor of magnitudes where the model tells none."""


def examine_input(bundle: Bundle, path: Path) -> Iterator[Finding]:
    """Yield what is found of a sound file, or of features in a ``.npy`` file.

    Raises
    ------
    AudioError
        The sound cannot be read.
    DataError
        The features cannot be read.
    """
    mel = mel_of(bundle.settings)
    golden = golden_features(bundle)
    if path.suffix == FEATURES:
        yield from examine_features(_load(path), golden, mel)
        return
    wav, rate = read(path)
    yield from _sound(wav, rate, bundle.settings.sample_rate)
    if mel is not None and golden is not None:
        mono = wav if wav.ndim == 1 else wav.mean(0)
        yield from examine_features(log_mel(resample(mono.astype(np.float32), rate, mel.sample_rate), mel), golden, mel)


def mel_of(settings: FamilyConfig) -> MelConfig | None:
    """Return how the features that a model reads or makes are computed, None where that is not a mel of ours."""
    mel = getattr(settings, "mel", None)
    return mel if isinstance(mel, MelConfig) else None


def golden_features(bundle: Bundle) -> Array | None:
    """Return the features of the vocoder's golden vectors, (n_mels, F), None where there are none."""
    name = "golden/vocoder.npz"
    if name not in bundle.manifest.files:
        return None
    with np.load(bundle.file(name), allow_pickle=False) as arrays:
        return np.array(arrays["input/mel"][0]) if "input/mel" in arrays.files else None


def examine_features(features: Array, golden: Array | None, mel: MelConfig | None) -> Iterator[Finding]:
    """Compare features (n_mels, F) with those that a model knows."""
    if golden is None:
        yield Finding("features", "note", "this model has no golden features to compare with", "compare its sound instead")
        return
    bands = len(golden)
    if features.ndim == 3 and features.shape[0] == 1:
        features = features[0]
    if features.ndim != 2 or bands not in features.shape:
        wanted = f"({bands}, frames)"
        yield Finding(
            "features", "broken", f"are of shape {features.shape}, wanted are {wanted}", f"compute {bands} bands{_how(mel)}"
        )
        return
    if features.shape[0] != bands:
        yield Finding("features", "broken", f"are of shape {features.shape}, frames first", "transpose them: bands come first")
        features = features.T
    if not np.isfinite(features).all():
        yield Finding("features", "broken", "hold NaN or infinite values", "put a floor under the magnitude before the logarithm")
        return
    yield _statistics(features.astype(np.float64), golden.astype(np.float64), mel)


def _statistics(features: Array, golden: Array, mel: MelConfig | None) -> Finding:
    told = f"mean {features.mean():.2f} and deviation {features.std():.2f}"
    told += f"; the model knows {golden.mean():.2f} and {golden.std():.2f}"
    if _near(features, golden):
        return Finding("features", "ok", told)
    if features.min() >= 0 > golden.min():
        as_they_should_be = {
            "are magnitudes without a logarithm": (
                "take the natural logarithm, with a floor under it",
                np.log(np.maximum(features, mel.floor if mel else QUIET)),
            ),
            "are powers without a logarithm": (
                "take the natural logarithm of the magnitudes, with a floor under it",
                np.log(np.maximum(features, mel.floor if mel else QUIET)) / 2,
            ),
        }
    else:
        as_they_should_be = {
            "are decimal logarithms": ("multiply them by 2.303, or use the natural logarithm", features * LN10),
            "are decibels of magnitude": ("divide them by 8.686, or use the natural logarithm", features * (LN10 / 20)),
            "are logarithms of power": ("halve them, or use magnitudes instead of powers", features / 2),
        }
    for what, (remedy, changed) in as_they_should_be.items():
        if _near(changed, golden):
            return Finding("features", "broken", f"{told}: they {what}", remedy)
    return Finding("features", "broken", told, f"compute them as the model's were{_how(mel)}")


def _near(features: Array, golden: Array) -> bool:
    spread = golden.std() + 1e-9
    ratio = (features.std() + 1e-9) / spread
    return bool(abs(features.mean() - golden.mean()) < FAR * spread and 1 / FAR < ratio < FAR)


def _sound(wav: Array, rate: int, wanted: int) -> Iterator[Finding]:
    channels = 1 if wav.ndim == 1 else len(wav)
    peak = float(np.abs(wav).max(initial=0.0))
    if rate != wanted:
        state: State = "broken" if rate < wanted else "note"
        why = (
            "has nothing above half its rate, which the model expects" if rate < wanted else "has to be brought to its rate first"
        )
        yield Finding("sample rate", state, f"{rate} Hz, the model works at {wanted} Hz: it {why}", f"resample to {wanted} Hz")
    else:
        yield Finding("sample rate", "ok", f"{rate} Hz, as the model's")
    if channels > 1:
        yield Finding("channels", "note", f"{channels}; the model hears one", "give one channel, or the mean of them")
    if peak >= 1.0:
        yield Finding("level", "note", f"it is clipped: the peak is {peak:.2f}", "record it again with less gain")
    elif peak < 0.01:
        yield Finding(
            "level", "note", f"the peak is {peak:.4f}: it is nearly silent, or of another scale", "scale it to about 0.5"
        )
    else:
        yield Finding("level", "ok", f"the peak is {peak:.2f}")


def _how(mel: MelConfig | None) -> str:
    if mel is None:
        return ""
    return f": {', '.join(f'{name} {value}' for name, value in mel.fields().items())}"


def _load(path: Path) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as an array of numbers: {error}") from error
