"""What noise does to timbres: `tingshuo.store.voiceprint_noise` over epsilon, on vectors of real people where there are some.

    python benchmarks/voiceprint_noise.py [--part cv_zh] [--speakers 40] [--clips 8] [--draws 50] [--delta 1e-5]

A timbre is the mean and the spread of a person's mel-cepstra (`tingshuo.audio.timbre`), each number scaled by how far people
differ in it, at unit length. Half of a person's clips make the timbre that gets the noise, the other half the one that it is
looked for among. The default corpus lies in the data pack beside the repository; without it vectors of random directions are
used instead, one of a person being the other with a little noise, and the first line says so. The noise comes from seeds, so
two runs print the same.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.timbre import timbre_of
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.utterance import Utterance
from tingshuo.store.voiceprint_noise import noise_sigma, noisy_voiceprint
from tingshuo.types import Wav

PACK = Path(__file__).parents[2] / "shared/data"
RATE = 16000
EPSILONS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 500.0)
SYNTHETIC_DIMENSION = 192
"""As many numbers as a speaker encoder such as ECAPA-TDNN gives."""
Vectors = NDArray[np.float64]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--part", default="cv_zh")
    parser.add_argument("--speakers", type=int, default=40)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--delta", type=float, default=1e-5)
    arguments = parser.parse_args()
    if arguments.data.is_dir():
        first, second = recorded(arguments.data, arguments.part, arguments.speakers, arguments.clips)
        print(f"{len(first)} people of {arguments.part}, {arguments.clips} clips each, {first.shape[1]} numbers a timbre")
    else:
        first, second = synthetic(arguments.speakers)
        print(f"{arguments.data} is not there: {len(first)} random vectors of {SYNTHETIC_DIMENSION} numbers, nobody's voice")
    print(f"delta {arguments.delta:g}, {arguments.draws} draws each; chance is {1 / len(first):.3f}")
    print("epsilon   sigma  cosine to original  cosine to the same  cosine to others  nearest is right")
    report("none", 0.0, first[None], first, second)
    for epsilon in EPSILONS:
        seeds = range(arguments.draws)
        noisy = np.array(
            [[noisy_voiceprint(v, epsilon, arguments.delta, 1000 * s + n) for n, v in enumerate(first)] for s in seeds],
            np.float64,
        )
        report(f"{epsilon:g}", noise_sigma(epsilon, arguments.delta), noisy, first, second)


def report(name: str, sigma: float, noisy: NDArray[np.float64], first: Vectors, second: Vectors) -> None:
    """Print a row; ``noisy`` has the shape (draws, people, D)."""
    people = len(first)
    cosines = noisy @ second.T
    own = np.eye(people, dtype=bool)
    kept = float(np.einsum("snd,nd->sn", noisy, first).mean())
    same, others = float(cosines[:, own].mean()), float(cosines[:, ~own].mean())
    right = float((cosines.argmax(axis=2) == np.arange(people)).mean())
    print(f"{name:>7} {sigma:7.3f} {kept:19.3f} {same:19.3f} {others:17.3f} {right:17.3f}")


def recorded(data: Path, part: str, speakers: int, clips: int) -> tuple[Vectors, Vectors]:
    """Return two timbres of each of some people, (N, D) each, from different clips."""
    by_speaker: dict[str, list[Utterance]] = {}
    for row in read_corpus(data, parts=[part]).rows:
        by_speaker.setdefault(row.speaker, []).append(row)
    chosen = random.Random(0)
    enough = sorted(name for name, rows in by_speaker.items() if len(rows) >= clips)
    names = chosen.sample(enough, min(speakers, len(enough)))
    rows = [row for name in names for row in chosen.sample(by_speaker[name], clips)]
    heard: dict[str, list[Wav]] = {name: [] for name in names}
    for row, wav in read_clips(rows, RATE):
        if not isinstance(wav, Exception):
            heard[row.speaker].append(wav)
    halves = [np.array([described(own[start::2]) for own in heard.values()]) for start in (0, 1)]
    together = np.concatenate(halves)
    middle, spread = together.mean(axis=0), together.std(axis=0)
    first, second = (unit((half - middle) / spread) for half in halves)
    return first, second


def described(wavs: list[Wav]) -> NDArray[np.float64]:
    """Return the mean and the spread of each mel-cepstrum, (26,)."""
    timbre = timbre_of(wavs, RATE)
    return np.concatenate([timbre.mean, np.log(np.diag(timbre.covariance)) / 2])


def synthetic(people: int) -> tuple[Vectors, Vectors]:
    """Return two vectors of each of some people who do not exist, at cosines of about 0.7 for one and 0 for two of them."""
    source = np.random.default_rng(0)
    first = unit(source.standard_normal((people, SYNTHETIC_DIMENSION)))
    return first, unit(first + unit(source.standard_normal(first.shape)))


def unit(vectors: Vectors) -> Vectors:
    """Bring rows to length 1."""
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


if __name__ == "__main__":
    main()
