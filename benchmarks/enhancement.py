"""Whether it helps a recogniser that noise is taken away first.

    python benchmarks/enhancement.py [--model listener] [--data ../shared/data] [--part cv_zh] [--count 60]

Dev clips of the pack, alone and with noise added (rumble, white, and rain of the pack), are heard as they are and with each
enhancement of `tingshuo.audio.enhance`. Printed: characters misheard, and what each enhancement costs, seconds a second.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tingshuo.audio.enhance import ENHANCEMENTS, enhanced
from tingshuo.audio.read import read_mono
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.errors import DataError
from tingshuo.tasks.recognise.find import DEFAULT, load_recogniser
from tingshuo.tasks.recognise.hearing import heard
from tingshuo.text.metrics import Errors, compare
from tingshuo.types import Wav

SNRS_DB = (20, 10, 5)
BLOCK = 16000
Noise = Callable[[int], Wav]


def main() -> None:
    """Hear everything, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--part", default="cv_zh")
    parser.add_argument("--count", type=int, default=60)
    args = parser.parse_args()
    recogniser = load_recogniser(args.model)
    rate = recogniser.sample_rate
    rows = [row for row in read_corpus(args.data, "pack", [args.part]).rows if row.split == "dev" and row.text]
    rows = rows[:: max(1, len(rows) // args.count)][: args.count]
    clips = [(row.text or "", clip) for row, clip in read_clips(rows, rate) if not isinstance(clip, DataError)]
    rain, _ = read_mono(next((args.data / "noise").glob("*.opus")), rate)
    chance = np.random.default_rng(0)
    noises: dict[str, Noise] = {
        "white": lambda n: chance.normal(0, 1, n).astype(np.float32),
        "rumble": lambda n: np.sin(np.arange(n) * 2 * np.pi * chance.uniform(20, 45) / rate).astype(np.float32),
        "rain": lambda n: np.resize(rain, n),
    }
    spent = dict.fromkeys(ENHANCEMENTS, 0.0)
    heard_s = 0.0
    print(f"{len(clips)} clips of {args.part}, heard by {args.model}: characters misheard")
    print("noise        " + "".join(f"{kind:>10}" for kind in ENHANCEMENTS))
    for name, noise, snr_db in [("none", None, 0.0), *((n, make, db) for n, make in noises.items() for db in SNRS_DB)]:
        errors = dict.fromkeys(ENHANCEMENTS, Errors())
        for text, clip in clips:
            wav = clip if noise is None else _with(clip, noise(len(clip)), snr_db)
            heard_s += len(wav) / rate
            for kind in ENHANCEMENTS:
                begun = time.process_time()
                clean = np.concatenate(list(enhanced(np.split(wav, range(BLOCK, len(wav), BLOCK)), kind, rate)))
                spent[kind] += time.process_time() - begun
                found = recogniser.hear(clean)
                errors[kind] += compare(text, heard(recogniser, found[0]).text if found else "")
        label = name if noise is None else f"{name} {snr_db:g} dB"
        print(f"{label:13}" + "".join(f"{errors[kind].rate:10.1%}" for kind in ENHANCEMENTS))
    print("cost         " + "".join(f"{spent[kind] / heard_s:10.4f}" for kind in ENHANCEMENTS))


def _with(clip: Wav, noise: Wav, snr_db: float) -> Wav:
    """Return a clip in noise so many dB below its mean power."""
    ratio = np.sqrt(np.square(clip).mean() / max(float(np.square(noise).mean()), 1e-12)) * 10 ** (-snr_db / 20)
    return np.asarray(np.clip(clip + noise * np.float32(ratio), -1, 1))


if __name__ == "__main__":
    main()
