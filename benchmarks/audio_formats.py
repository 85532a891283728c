"""Cost and size of each audio format, as ratios to WAV: ten seconds in pieces of a quarter of a second.

    OMP_NUM_THREADS=1 python benchmarks/audio_formats.py [FILE]

FILE is read as audio; without it a gliding tone with noise is encoded. Times are CPU seconds of this process, the fastest of
three; aac is left out, for its work is done by another process.
"""

import sys
import time

import numpy as np

from tingshuo.audio.formats import FORMATS
from tingshuo.audio.read import read_mono
from tingshuo.audio.write import open_encoder
from tingshuo.types import Wav

RATE = 24000


def signal() -> Wav:
    """Return what is to be encoded."""
    if len(sys.argv) > 1:
        return read_mono(sys.argv[1], RATE)[0]
    time_s = np.arange(10 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * k * (180 * time_s + 5 * time_s**2)) / k for k in range(1, 20))
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return (0.15 * np.sin(np.pi * time_s) * tone + 0.003 * noise).astype(np.float32)


def encode(wav: Wav, format: str) -> tuple[float, int, int]:
    """Return CPU seconds, bytes, and samples that had gone in when the first bytes with sound came out."""
    start, size, first = time.process_time(), 0, 0
    with open_encoder(format, RATE) as encoder:
        for begin in range(0, len(wav), RATE // 4):
            size += len(encoder.encode(wav[begin : begin + RATE // 4]))
            first = first or (begin + RATE // 4 if size > 1000 else 0)
        size += len(encoder.finish())
    return time.process_time() - start, size, first


def main() -> None:
    """Print the table."""
    wav = signal()
    rows = {name: min(encode(wav, name) for _ in range(3)) for name in FORMATS if name != "aac"}
    duration_s, (wav_s, wav_bytes, _) = len(wav) / RATE, rows["wav"]
    print("format      rtf  x wav   kbit/s  of wav  first bytes after s")
    for name, (seconds, size, first) in rows.items():
        rate = size * 8 / duration_s / 1000
        costs = f"{seconds / duration_s:8.5f} {seconds / wav_s:6.0f}"
        print(f"{name:6s} {costs} {rate:8.1f} {size / wav_bytes:7.3f} {first / RATE:20.2f}")


if __name__ == "__main__":
    main()
