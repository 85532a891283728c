"""Let a voice speak texts, as a corpus that a recogniser can learn from besides people.

    python scripts/speak_corpus.py speech --texts ../shared/data/sentences_zh.txt ../shared/data/polyphones.tsv
        [--data ../shared/data] [--voice default] [--hours 9] [--keep-back 10]

Every sentence is spoken once, by one of the voice's speakers, at a tempo, pitch, emotion and level drawn for it. What the dev
rows of ``--data`` say is left out, and every tenth line of the first file, which `benchmarks/round_trip.py` measures with. It
goes on where it was interrupted. The folder gets FLAC files at 16 kHz and ``rows.jsonl``, which `tingshuo train asr` reads.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import tingshuo
from tingshuo.app.cli.progress import Progress
from tingshuo.audio.read import read_mono
from tingshuo.audio.resample import resample
from tingshuo.audio.write import write
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import TextError
from tingshuo.tasks.tts import Voice
from tingshuo.train.language import sentences_of
from tingshuo.types import Wav

SAMPLE_RATE = 16000
EMOTIONS = ("neutral",) * 6 + ("happy", "sad", "angry", "gentle", "serious", "surprised")
SPEEDS, PITCHES, STRENGTHS, LEVELS_DB = (0.85, 1.25), (-2.5, 2.5), (0.5, 1.2), (-12.0, 3.0)
LONGEST = 40
"""Characters of a sentence."""
SETS = ("aishell", "cv_zh")


def main() -> None:
    """Read the arguments and speak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="a sentence a line; of a table the last column")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--voice", default="default")
    parser.add_argument("--hours", type=float, default=9.0)
    parser.add_argument("--keep-back", type=int, default=10, help="every so manieth line of the first file is not spoken")
    args = parser.parse_args()
    voice = tingshuo.load(args.voice)
    texts = _texts(args.texts, args.data, args.keep_back)
    args.out.mkdir(parents=True, exist_ok=True)
    rows, spoken_s = [], 0.0
    with Progress("Speaking", args.hours * 3600) as bar:
        for place, text in enumerate(texts):
            path = args.out / f"{place:06d}.flac"
            draw = random.Random(place)
            speaker = draw.choice(voice.speakers)
            known = path.exists()
            wav = read_mono(path)[0] if known else _spoken(voice, text, speaker, draw)
            if wav is None:
                continue
            if not known:
                write(path, wav, SAMPLE_RATE)
            who = f"{args.voice}-{speaker}"
            rows.append(Utterance(id=path.stem, audio=path.name, text=text, speaker=who, source=f"made/{args.voice}"))
            spoken_s += len(wav) / SAMPLE_RATE
            bar.advance(len(wav) / SAMPLE_RATE)
            if spoken_s >= args.hours * 3600:
                break
    write_manifest(args.out / "rows.jsonl", rows)
    print(f"{args.out / 'rows.jsonl'}: {len(rows)} sentences, {spoken_s / 3600:.1f} hours")


def _texts(files: Sequence[Path], data: Path, keep_back: int) -> list[str]:
    """Return the sentences, shuffled; none of what recognisers are judged by."""
    lines = [_lines(file) for file in files]
    held_out = lines[0][::keep_back]
    for name in SETS:
        held_out += [row.text for row in read_corpus(data, "pack", [name]).rows if row.split == "dev" and row.text]
    found = [one for one in sentences_of((line for some in lines for line in some), held_out) if len(one) <= LONGEST]
    random.Random(0).shuffle(found)
    return found


def _lines(file: Path) -> list[str]:
    lines: Iterator[str] = (line.rpartition("\t")[2].strip() for line in file.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def _spoken(voice: Voice, text: str, speaker: str, draw: random.Random) -> Wav | None:
    """Return a sentence as it is spoken, (T,) at `SAMPLE_RATE`; None where the voice cannot."""
    try:
        speech = voice.synthesize(
            text,
            speaker=speaker,
            emotion=draw.choice(EMOTIONS),
            strength=draw.uniform(*STRENGTHS),
            speed=draw.uniform(*SPEEDS),
            pitch=draw.uniform(*PITCHES),
        )
    except TextError:
        return None
    wav: Wav = resample(speech.wav, voice.sample_rate, SAMPLE_RATE) * np.float32(10 ** (draw.uniform(*LEVELS_DB) / 20))
    return np.asarray(np.clip(wav, -1, 1))


if __name__ == "__main__":
    main()
