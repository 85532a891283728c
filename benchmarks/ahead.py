"""One text alone on a machine with two cores: text and acoustics a sentence ahead of the sound, or one after the other.

    python benchmarks/ahead.py [BUNDLE] [--rounds 9] [--graph-threads 1]

Both ways take turns in one run; the figures are the best of the rounds, the gap is the longest time between two chunks.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tingshuo.voices
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.tts import Ahead, Voice
from tingshuo.types import SpeechRequest

TEXT = (
    "今天天气真好，我们一起去公园散步，晚上再回家吃饭。明天还要上班，早点休息，别忘了带上雨伞。路上小心，到家以后给我打个电话。"
    * 3
)


def speak(voice: Voice, ahead: Ahead | None) -> tuple[float, float, float]:
    """Return seconds of a synthesis, its longest gap between chunks, and seconds of audio."""
    start = last = time.perf_counter()
    gap = 0.0
    stream = voice.speak(SpeechRequest(text=TEXT), ahead=ahead)
    for n, _ in enumerate(stream):
        now = time.perf_counter()
        gap, last = max(gap, now - last) if n else 0.0, now
    return time.perf_counter() - start, gap, stream.duration_s


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Stages one after the other, or a sentence ahead of the sound.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(tingshuo.voices.__file__).parent / "default")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--graph-threads", type=int, default=1)
    args = parser.parse_args()
    voice = Voice(open_bundle(args.bundle), threads=args.graph_threads)
    best = {"in order": (9e9, 9e9), "ahead": (9e9, 9e9)}
    with ThreadPoolExecutor(1) as pool:
        for _ in range(args.rounds):
            for name, ahead in (("in order", None), ("ahead", pool.submit)):
                seconds, gap, audio_s = speak(voice, ahead)
                best[name] = min(best[name][0], seconds), min(best[name][1], gap)
    for name, (seconds, gap) in best.items():
        print(
            f"{name:10}{seconds * 1e3:9.1f} ms for {audio_s:.1f} s, RTF {seconds / audio_s:.4f}, longest gap {gap * 1e3:.1f} ms"
        )
    print(f"ahead is {best['in order'][0] / best['ahead'][0]:.2f} times as fast")


if __name__ == "__main__":
    main()
