"""Cost of the source-filter signal path, everything of the vocoder but its network, by chunk size.

    OMP_NUM_THREADS=1 python benchmarks/signal_path.py

Microseconds per frame and real-time factor in a running stream, the fastest of many pushes, so that other work on the machine
counts little; for a seed whose noise is known and for the first 5.5 s of a new one. F0 is voiced throughout, the dearest case.
"""

import time
from itertools import count

import numpy as np

from tingshuo.audio.noise import PERIOD_SAMPLES
from tingshuo.audio.source import SourceFilterSynthesizer
from tingshuo.config import MelConfig

CHUNK_FRAMES = (8, 24, 32, 96, 512)
PUSHES = 4000


def microseconds(config: MelConfig, frames: int, *, known_seed: bool) -> float:
    """Return the fastest push's time per frame."""
    rng = np.random.default_rng(0)
    f0 = np.full(frames, 220, np.float32)
    layers = [rng.standard_normal((frames, config.n_fft // 2 + 1)).astype(np.float32) for _ in range(3)]
    period = PERIOD_SAMPLES // config.hop_length
    seeds = count(1)
    synthesizer, pushed, times = None, 0, []
    for _ in range(max(PUSHES // frames, 200)):
        if synthesizer is None or (not known_seed and pushed + frames > period):
            synthesizer, pushed = SourceFilterSynthesizer(config.n_fft, config.hop_length, config.sample_rate, next(seeds)), 0
            for _ in range(2 if not known_seed else period // frames + 2):
                synthesizer.push(f0, *layers)
                pushed += frames
        start = time.perf_counter()
        synthesizer.push(f0, *layers)
        times.append(time.perf_counter() - start)
        pushed += frames
    return min(times) / frames * 1e6


def main() -> None:
    """Print the table."""
    config = MelConfig()
    frame_us = config.hop_length / config.sample_rate * 1e6
    print("frames a chunk   known seed: us/frame     rtf   new seed: us/frame     rtf")
    for frames in CHUNK_FRAMES:
        known = microseconds(config, frames, known_seed=True)
        fresh = microseconds(config, frames, known_seed=False) if frames < 256 else float("nan")
        print(f"{frames:14d} {known:22.1f} {known / frame_us:7.5f} {fresh:20.1f} {fresh / frame_us:7.5f}")


if __name__ == "__main__":
    main()
