"""Tiny recordings, made here."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16000


def speech(seconds: float = 0.6, rate: int = RATE, *, silence_s: float = 0.1, level: float = 0.2, seed: int = 0) -> np.ndarray:
    """Something that measures like speech: a buzz with hiss up to half the rate, between two silences of faint noise."""
    rng = np.random.default_rng(seed)
    n, edge = round(seconds * rate), round(silence_s * rate)
    time = np.arange(n) / rate
    buzz = sum(np.sin(2 * np.pi * (140 + seed) * k * time) / k for k in range(1, 12))
    voiced = level * (buzz / 3 + 0.3 * rng.standard_normal(n))
    quiet = 1e-4 * rng.standard_normal(n + 2 * edge)
    quiet[edge : edge + n] += voiced
    return np.clip(quiet, -0.99, 0.99).astype(np.float32)


@pytest.fixture
def write_wav():
    """Write a sound file, its folders too; each name sounds different."""

    def write_wav(path: Path, wav: np.ndarray | None = None, rate: int = RATE, **keywords: object) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, path.stem)) % 97
        soundfile.write(path, speech(seed=seed) if wav is None else wav, rate, **keywords)
        return path

    return write_wav
