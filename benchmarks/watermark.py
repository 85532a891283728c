"""What the watermark and the rhythm label survive, how often they are seen where they are not, and what the ear pays.

    python benchmarks/watermark.py [--pieces 20] [--voice default] [--tables ...] [--false-alarms cv_zh ...] [--data FOLDER]

Pieces of 20 s are speech of the data pack beside the repository, joined clip by clip, and of a voice. Each is marked, sent
through a codec or worse, and cut at a random place before the detector sees it. ffmpeg makes the codecs. False alarms are
counted on unmarked speech with a key of its own for each stretch, and on every clip for the rhythm. Everything comes from seeds.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tingshuo.audio.dnsmos import Dnsmos
from tingshuo.audio.label.labelling import PAUSE_S, LabelSettings, label_wav
from tingshuo.audio.label.morse import find_rhythms
from tingshuo.audio.label.watermark import mark, read_watermark
from tingshuo.audio.read import read_mono
from tingshuo.audio.resample import resample
from tingshuo.audio.write import write
from tingshuo.data.clips import read_recordings
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.errors import DataError
from tingshuo.tasks.voices import load
from tingshuo.types import SpeechRequest, Wav

PACK = Path(__file__).parents[2] / "shared/data"
PARTS = ("aishell", "asp_english")
RATE, PIECE_S = 24000, 20
LENGTHS_S = (3, 5, 10, 20)
TABLES = ("survival", "cost", "rhythm")
KEY = b"the key of a benchmark"
LATEST_S = 0.08
"""A rhythm found so far from its place does not count."""
Change = Callable[[Wav], Wav]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--pieces", type=int, default=20, help="from the data pack, and as many from the voice")
    parser.add_argument("--voice", default="default")
    parser.add_argument("--false-alarms", nargs="*", default=["cv_zh"], help="parts of the data pack")
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=TABLES)
    arguments = parser.parse_args()
    if arguments.tables:
        tables(arguments)
    for part in arguments.false_alarms:
        false_alarms(arguments.data, part)


def tables(arguments: argparse.Namespace) -> None:
    """Print those that were asked for."""
    pieces = [*recorded(arguments.data, arguments.pieces), *spoken(arguments.data, arguments.voice, arguments.pieces)]
    print(f"{len(pieces)} pieces of {PIECE_S} s: {', '.join(PARTS)}, and the voice {arguments.voice!r}")
    for name, table in (("survival", survival), ("cost", cost), ("rhythm", rhythms)):
        if name in arguments.tables:
            table(pieces)


def recorded(data: Path, count: int) -> list[Wav]:
    """Join clips of the pack to pieces at `RATE`."""
    out: list[Wav] = []
    for part in PARTS:
        parts: list[Wav] = []
        wanted = len(out) + count // len(PARTS)
        for _, wav, rate in clips(data, part):
            parts.append(resample(wav, rate, RATE))
            if sum(map(len, parts)) >= PIECE_S * RATE:
                out.append(np.concatenate(parts)[: PIECE_S * RATE])
                parts = []
            if len(out) == wanted:
                break
    return out


def spoken(data: Path, voice: str, count: int) -> list[Wav]:
    """Let a voice say sentences of the pack."""
    speaker = load(voice)
    lines = iter((data / "sentences_zh.txt").read_text("utf-8").splitlines())
    out = []
    while len(out) < count:
        parts: list[Wav] = []
        while sum(map(len, parts)) < PIECE_S * RATE:
            stream = speaker.speak(SpeechRequest(text=next(lines).split("\t")[0]))
            parts += [resample(chunk.wav, chunk.sample_rate, RATE) for chunk in stream]
        out.append(np.concatenate(parts)[: PIECE_S * RATE])
    return out


def clips(data: Path, part: str) -> Iterator[tuple[str, Wav, int]]:
    """Yield id, samples and rate of every clip of a part."""
    for row, found in read_recordings(read_corpus(data, parts=[part]).rows):
        if not isinstance(found, DataError):
            yield row.id, found.wav, found.sample_rate


def changes() -> dict[str, Change]:
    """Return what happens to audio on its way."""
    noise = np.random.default_rng(3)

    def noisy(wav: Wav) -> Wav:
        hiss = noise.standard_normal(len(wav)).astype(np.float32)
        return wav + hiss * np.float32(np.sqrt(np.mean(wav**2)) / 10)

    return {
        "nothing": lambda wav: wav,
        "mp3 64k": lambda wav: coded(wav, "mp3", "64k"),
        "mp3 32k": lambda wav: coded(wav, "mp3", "32k"),
        "opus 64k": lambda wav: coded(wav, "opus", "64k"),
        "opus 24k": lambda wav: coded(wav, "opus", "24k"),
        "opus 12k": lambda wav: coded(wav, "opus", "12k"),
        "aac 64k": lambda wav: coded(wav, "m4a", "64k"),
        "24k-16k-24k": lambda wav: resample(resample(wav, RATE, 16000), 16000, RATE),
        "24k-8k-24k": lambda wav: resample(resample(wav, RATE, 8000), 8000, RATE),
        "-20 dB": lambda wav: wav * np.float32(0.1),
        "noise 20 dB": noisy,
        "1 % faster": lambda wav: resample(wav, 101, 100),
    }


def coded(wav: Wav, extension: str, bits: str) -> Wav:
    """Send audio through a codec of ffmpeg."""
    with tempfile.TemporaryDirectory() as folder:
        a, b, c = (str(Path(folder, name)) for name in ("a.wav", f"b.{extension}", "c.wav"))
        write(a, wav, RATE)
        quiet = ["ffmpeg", "-v", "error", "-y", "-i"]
        subprocess.run([*quiet, a, "-b:a", bits, b], check=True)
        subprocess.run([*quiet, b, "-ar", str(RATE), c], check=True)
        return read_mono(c)[0]


def survival(pieces: list[Wav]) -> None:
    """Print how often the mark is found and its 32 bits are right, by what happened and by how long the cut is."""
    chosen = np.random.default_rng(0)
    payloads = [int(p) for p in chosen.integers(0, 2**32, len(pieces))]
    marked = [mark(wav, RATE, KEY, payload) for wav, payload in zip(pieces, payloads, strict=True)]
    print(f"\nwatermark: found / payload right / payload wrong, of {len(pieces)}, by length of a random cut")
    print(f"{'':>12} " + " ".join(f"{f'{s} s':>14}" for s in LENGTHS_S))
    for name, change in changes().items():
        changed = [change(wav) for wav in marked]
        cells = []
        for length_s in LENGTHS_S:
            counts = np.zeros(3, int)
            for wav, payload in zip(changed, payloads, strict=True):
                samples = min(length_s * RATE, len(wav))
                start = int(chosen.integers(0, len(wav) - samples + 1))
                found = read_watermark(wav[start : start + samples], RATE, KEY)
                counts += [found.present, found.payload == payload, found.payload not in (None, payload)]
            cells.append("/".join(map(str, counts)))
        print(f"{name:>12} " + " ".join(f"{cell:>14}" for cell in cells), flush=True)


def rhythms(pieces: list[Wav]) -> None:
    """Print how often the rhythm is found where it is, and how far off."""
    print(f"\nrhythm at start, middle, end of {len(pieces)} pieces: found in its place, largest error")
    labels = [(position, *label_wav(wav, RATE, LabelSettings("rhythm", position)))
              for wav in pieces for position in ("start", "middle", "end")]  # fmt: skip
    for name, change in changes().items():
        errors = []
        for position, wav, inserted in labels:
            place = inserted.at_s + (0 if position == "start" else PAUSE_S)
            place *= 100 / 101 if "faster" in name else 1
            errors += [abs(one.start_s - place) for one in find_rhythms(change(wav), RATE)[:1]]
        right = [error for error in errors if error < LATEST_S]
        print(f"{name:>12} {len(right)}/{len(labels)}, {1000 * max(right, default=0):.0f} ms", flush=True)


def cost(pieces: list[Wav]) -> None:
    """Print what the mark does to the sound."""
    judge = Dnsmos()
    snr, before, after = [], [], []
    for wav in pieces:
        marked = mark(wav, RATE, KEY, 0x12345678)
        snr.append(10 * np.log10(np.mean(wav**2) / np.mean((marked - wav) ** 2)))
        before.append(judge.judge(wav, RATE))
        after.append(judge.judge(marked, RATE))
    change = np.array(after) - np.array(before)
    print(f"\nwatermark against speech: SNR {np.mean(snr):.1f} dB (lowest {min(snr):.1f})")
    for name, mean, worst, was in zip(
        ("ovrl", "sig", "bak", "p808"), change.mean(axis=0), change.min(axis=0), np.mean(before, axis=0), strict=True
    ):
        print(f"DNSMOS {name}: {was:.3f}, change {mean:+.3f}, worst piece {worst:+.3f}")


def false_alarms(data: Path, part: str) -> None:
    """Print how often something is found that is not there."""
    seconds, found, n_rhythms, scores, waiting = 0.0, 0, 0, [], np.zeros(0, np.float32)
    for name, wav, rate in clips(data, part):
        seconds += len(wav) / rate
        n_rhythms += len(find_rhythms(wav, rate))
        waiting = np.concatenate([waiting, resample(wav, rate, 16000)])
        while len(waiting) >= 20 * 16000:
            reading = read_watermark(waiting[: 20 * 16000], 16000, f"another key: {name}".encode())
            found += reading.present
            scores.append(reading.score)
            waiting = waiting[20 * 16000 :]
    if not scores:
        print(f"\n{part}, {seconds:.0f} s: {n_rhythms} rhythms; too short to look for watermarks")
        return
    told = f"highest score {max(scores):.2f}, mean {np.mean(scores):.2f}, {reading.threshold:.2f} is needed"
    print(f"\n{part}, {seconds / 3600:.2f} h: {n_rhythms} rhythms, {found} watermarks in {len(scores)} stretches of 20 s; {told}")


if __name__ == "__main__":
    main()
