"""How often speech is missed, and how often something else is taken for speech.

    python benchmarks/vad.py [--net own --net silero] [--seconds 150] [--data ../shared/data]

Clips of people that no net here was taught with (the dev rows of cv_zh and aishell) are laid out with gaps of 0.4 to 3 s, at
levels that differ by 14 dB, in silence and in noise at 0, 5, 10 and 20 dB below the speech: white, pink, rain, ocean, and two of
the pack's four pieces of music, which the own net was not taught with either. What is speech is known from the clean clips:
20 ms whose level is at most 32 dB below the loud ones, pauses under 0.25 s counted in. A minute of each noise alone comes at two
levels.

Two shares of time are printed, after the rules of `SpeechFinder` without padding: missed of the speech, and false of the rest.
Of the rest there is some that is false with any net: pauses longer than 0.25 s that do not end a stretch yet.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.clean_speech import clean_speech
from tingshuo.audio.mono import MonoBlocks
from tingshuo.audio.vad import FRAME_S, HOP, SAMPLE_RATE, VadConfig, speech_stretches
from tingshuo.data.clips import read_clips
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.types import Wav

PACK = Path(__file__).parents[2] / "shared/data"
NOISES = ("white", "pink", "rain", "ocean", "music")
SNRS_DB, ALONE_DB = (0, 5, 10, 20), (-20, -45)
RECORDED = {"rain": ("noise/noise_000.opus", 0, 169288), "ocean": ("noise/noise_000.opus", 169288, 323692)}
MUSIC = ("music/music_01_ballad.opus", "music/music_03_rock.opus")
Flags = NDArray[np.bool_]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--net", action="append")
    parser.add_argument("--seconds", type=float, default=150.0)
    arguments = parser.parse_args()
    nets = arguments.net or ["own"]
    print(f"{'missed % / false %':20}" + "".join(f"{net:>16}" for net in nets))
    spent, heard_s = dict.fromkeys(nets, 0.0), 0.0
    for name, wav, speech in conditions(arguments.data, arguments.seconds):
        row = f"{name:20}"
        heard_s += len(wav) / SAMPLE_RATE
        for net in nets:
            began = time.process_time()
            found = flagged(wav, net, len(speech))
            spent[net] += time.process_time() - began
            missed = f"{100 * (speech & ~found).sum() / speech.sum():.1f}" if speech.any() else "-"
            row += f"{missed:>9} /{100 * (found & ~speech).sum() / (~speech).sum():5.1f}"
        print(row, flush=True)
    print(f"{'RTF of one core':20}" + "".join(f"{spent[net] / heard_s:16.4f}" for net in nets))


def flagged(wav: Wav, net: str, frames: int) -> Flags:
    """Return which frames lie in a stretch."""
    found = np.zeros(frames, bool)
    for one in speech_stretches([wav], VadConfig(net=net, padding_s=0.0)):
        found[round(one.begin_s / FRAME_S) : round(one.end_s / FRAME_S)] = True
    return found


def conditions(data: Path, seconds: float) -> Iterator[tuple[str, Wav, Flags]]:
    """Yield names, samples, and which frames are speech."""
    rows = [row for part in ("cv_zh", "aishell") for row in read_corpus(data, parts=[part]).rows if row.split == "dev"]
    rng = np.random.default_rng(0)
    rows = [rows[n] for n in rng.permutation(len(rows))]
    clips = [(wav[: len(wav) // HOP * HOP]) for _, wav in read_clips(rows, SAMPLE_RATE) if not isinstance(wav, Exception)]
    order = rng.permutation(len(clips))
    queue = (clips[order[n % len(order)]] for n in range(10**9))
    wav, speech = laid_out(queue, seconds, rng)
    yield "silence", wav, speech
    for kind in NOISES:
        for snr_db in SNRS_DB:
            wav, speech = laid_out(queue, seconds, rng)
            level = np.sqrt(np.square(wav.reshape(-1, HOP)[speech]).mean()) * 10 ** (-snr_db / 20)
            mixed = wav + level * noise(kind, len(wav), data, rng)
            yield f"{kind} {snr_db} dB", (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32), speech
        for level_db in ALONE_DB:
            alone = np.clip(10 ** (level_db / 20) * noise(kind, 60 * SAMPLE_RATE, data, rng), -1, 1)
            yield f"{kind} alone {level_db}", alone.astype(np.float32), np.zeros(len(alone) // HOP, bool)


def laid_out(queue: Iterator[Wav], seconds: float, rng: np.random.Generator) -> tuple[Wav, Flags]:
    """Return clips with gaps between them, and which frames are speech."""
    pieces, flags, length = [], [], 0
    while length < seconds * SAMPLE_RATE:
        wav = next(queue) * np.float32(10 ** (rng.uniform(-14, 0) / 20))
        gap = int(rng.uniform(0.4, 3.0) / FRAME_S)
        pieces += [np.zeros(gap * HOP, np.float32), wav]
        flags += [np.zeros(gap, bool), clean_speech(wav)]
        length += gap * HOP + len(wav)
    return np.concatenate(pieces), np.concatenate(flags)


def noise(kind: str, samples: int, data: Path, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise of power 1."""
    made: NDArray[np.float64] = rng.standard_normal(samples)
    if kind == "pink":
        spectrum = np.fft.rfft(made)
        made = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), samples)
    elif kind in RECORDED:
        file, begin, end = RECORDED[kind]
        whole = np.concatenate(list(MonoBlocks(data / file, SAMPLE_RATE)))
        made = np.resize(whole[begin * 2 // 3 : end * 2 // 3], samples).astype(np.float64)
    elif kind == "music":
        made = np.resize(np.concatenate([b for file in MUSIC for b in MonoBlocks(data / file, SAMPLE_RATE)]), samples).astype(
            np.float64
        )
    return made / np.sqrt(np.square(made).mean())


if __name__ == "__main__":
    main()
