"""Tell people apart by mel-cepstra and by a network: equal error rates of `tingshuo.audio.timbre` and `tingshuo.audio.speaker`.

    python benchmarks/timbre.py [--part cv_zh] [--speakers 40] [--clips 8]

Every speaker's clips are dealt into stretches; all pairs of stretches are compared. The default corpus lies in the data pack
beside the repository. Microphones differ between its speakers, which makes telling them apart easier than it is in one studio.
"""

import argparse
import random
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tingshuo.audio.speaker import similarity as alike
from tingshuo.audio.speaker import speaker_vector
from tingshuo.audio.timbre import equal_error_rate, similarity, timbre_of
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.utterance import Utterance
from tingshuo.types import Wav

PACK = Path(__file__).parents[2] / "shared/data"
RATE = 16000
METHODS: dict[str, tuple[Callable[[list[Wav]], Any], Callable[[Any, Any], float]]] = {
    "cepstra": (lambda wavs: timbre_of(wavs, RATE), similarity),
    "network": (lambda wavs: speaker_vector(np.concatenate(wavs), RATE), alike),
}


def main() -> None:
    """Print the rates for stretches of one clip, two, four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--part", default="cv_zh")
    parser.add_argument("--speakers", type=int, default=40)
    parser.add_argument("--clips", type=int, default=8)
    arguments = parser.parse_args()
    by_speaker: dict[str, list[Utterance]] = {}
    for row in read_corpus(arguments.data, parts=[arguments.part]).rows:
        by_speaker.setdefault(row.speaker, []).append(row)
    chosen = random.Random(0)
    enough = sorted(name for name, rows in by_speaker.items() if len(rows) >= arguments.clips)
    names = chosen.sample(enough, min(arguments.speakers, len(enough)))
    rows = [row for name in names for row in chosen.sample(by_speaker[name], arguments.clips)]
    clips: dict[str, list[Wav]] = {name: [] for name in names}
    for row, wav in read_clips(rows, RATE):
        if not isinstance(wav, Exception):
            clips[row.speaker].append(wav)
    print(f"{len(names)} speakers of {arguments.part}, {arguments.clips} clips each")
    print("by        clips  seconds    same   other  equal error rate  threshold  pairs")
    for size in (1, 2, 4):
        stretches = [(name, own[k : k + size]) for name, own in clips.items() for k in range(0, len(own), size)]
        seconds = median(sum(map(len, wavs)) / RATE for _, wavs in stretches)
        for method, (describe, compare) in METHODS.items():
            parts = [(name, describe(wavs)) for name, wavs in stretches]
            pairs = [(a == b, compare(x, y)) for (a, x), (b, y) in combinations(parts, 2)]
            same, other = [v for own, v in pairs if own], [v for own, v in pairs if not own]
            rate, threshold = equal_error_rate(same, other)
            figures = f"{median(same):7.2f} {median(other):7.2f} {rate:17.3f} {threshold:10.2f}"
            print(f"{method:9s} {size:5d} {seconds:8.1f} {figures}  {len(same)} + {len(other)}", flush=True)


if __name__ == "__main__":
    main()
