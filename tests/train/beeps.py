"""Three words that everybody can tell apart: a low tone, a high one, one that rises; each by six people."""

from pathlib import Path

import numpy as np
import soundfile

from tingshuo.config.keywords import EARS
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.train.config import BundleConfig
from tingshuo.train.keywords_config import KeywordsTraining
from tingshuo.train.loop_config import LoopConfig

RATE = 16000
WORDS = {"low": (400.0, 400.0), "high": (2500.0, 2500.0), "rising": (400.0, 2500.0)}
CONFIG = KeywordsTraining(
    fbank=EARS.replace(n_mels=16),
    net=KeywordsConfig(frames=40, dim=12, kernels=(5,), wide=12),
    loop=LoopConfig(
        steps=80, rate=0.01, warm_up=5, average=0.9, log_every=10, evaluate_every=40, checkpoint_every=40, threads=1, clip=5.0
    ),
    batch=12,
    dev_share=0.2,
    bundle=BundleConfig(name="beeps", licence="CC0-1.0", consent="tones", data_statement="Made tones."),
)
"""Learns them in a second or two."""


def beep(word: str, seed: int) -> np.ndarray:
    """A quarter of a second among silence, a little different each time."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE // 4) / RATE
    begin, end = WORDS[word]
    hz = np.linspace(begin, end, len(time)) * rng.uniform(0.9, 1.1)
    wav = 1e-3 * rng.standard_normal(round(rng.uniform(0.4, 0.6) * RATE))
    first = rng.integers(0, len(wav) - len(time))
    wav[first : first + len(time)] += 0.3 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)
    return wav.astype(np.float32)


def write_beeps(folder: Path) -> Path:
    """Write folders of words, and one of noise."""
    for label, word in enumerate(WORDS):
        (folder / word).mkdir(parents=True)
        for speaker in range(6):
            for take in range(2):
                soundfile.write(folder / word / f"s{speaker}_{take}.wav", beep(word, 100 * label + 10 * speaker + take), RATE)
    (folder / "_nothing_").mkdir()
    noise = 0.01 * np.random.default_rng(0).standard_normal(2 * RATE)
    soundfile.write(folder / "_nothing_" / "hiss.wav", noise.astype(np.float32), RATE)
    return folder
