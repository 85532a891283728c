"""Listen to sentences objectively: syllables that sound, contours per tone, clips and clicks, for each emotion.

    python benchmarks/listening.py [--sentences FILE] [--count 50] [--emotion happy]

The default file lies in the data pack beside the repository.
"""

import argparse
import random
from pathlib import Path

import numpy as np

import tingshuo
from tingshuo.audio.metrics import clipped_samples, find_clicks
from tingshuo.tasks.evaluate.syllables import check_syllables, tone_report
from tingshuo.types import EMOTIONS

PACK = Path(__file__).parents[2] / "shared/data/sentences_zh.txt"


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=Path, default=PACK)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--emotion", choices=EMOTIONS, action="append")
    arguments = parser.parse_args()
    lines = [line.strip() for line in arguments.sentences.read_text("utf-8").splitlines() if line.strip()]
    texts = random.Random(0).sample(lines, min(arguments.count, len(lines)))
    voice = tingshuo.load()
    print(f"voice {voice.name} {voice.manifest.version}, {voice.precision}, {len(texts)} sentences")
    for emotion in arguments.emotion or ("neutral",):
        syllables, clipped, clicks, borders = [], 0, 0, 0
        for text in texts:
            chunks = list(voice.stream(text, emotion=emotion))
            wav = np.concatenate([chunk.wav for chunk in chunks])
            clipped += clipped_samples(wav)
            starts = [chunk.start_samples for chunk in chunks[1:]]
            borders += len(starts)
            clicks += len(find_clicks(wav, starts))
            syllables += check_syllables(voice.synthesize(text, emotion=emotion))
        audible = sum(s.audible for s in syllables)
        print(
            f"{emotion}: {audible}/{len(syllables)} syllables sound, {clipped} clipped samples, {clicks}/{borders} borders click"
        )
        for missing in (s for s in syllables if not s.audible):
            print(f"  not audible: {missing.text} {missing.pinyin} {missing.duration_s * 1000:.0f} ms {missing.peak_db:.1f} dB")
        print("  tone      n  correlation  change/st  height/st")
        for tone, r in tone_report(syllables).items():
            print(f"  {tone:4d} {r.n:6d}  {r.correlation:11.2f}  {r.slope_semitones:9.2f}  {r.height_semitones:9.2f}")


if __name__ == "__main__":
    main()
