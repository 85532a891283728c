"""How well and how fast phones are aligned, against speech whose borders are known and against another aligner.

    python benchmarks/alignment.py [--lines 120] [--set aishell] [--clips 400] [--recipe FOLDER]
    python benchmarks/alignment.py --few 8 20 60 [--voice BUNDLE]

1. Sentences spoken by the built-in voice: the frames of every phone are known. Its styles learnt their durations from an aligner
   of the same kind, so conventions of where a phone begins may be shared.
2. Recorded words of one reader, cut out of their silence and put one after the other: the borders of words are known, whatever
   any aligner thinks.
3. Recorded sentences, where nobody knows the truth: agreement with the other aligner.

With ``--few``, so many clips of the first two are aligned as if there were no more: from a flat start, with the aligner that a
voice brings, and with that one adapted to the clips.

The other aligner is the ``align.py`` of a reference recipe (``--recipe``, with numba installed); without it there are no figures
of it. Both get the same samples and words, and take turns in one process. Data: the pack beside the repository.
"""

import argparse
import contextlib
import importlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tingshuo
from tingshuo.audio.metrics import frame_rms_db
from tingshuo.audio.write import write
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.features import FeatureConfig, Features, prepare
from tingshuo.data.utterance import Utterance
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.vocoder import vocode
from tingshuo.tasks.voices import find_voice
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import encode
from tingshuo.train.align import align, align_with
from tingshuo.train.aligner import bundled_aligner
from tingshuo.train.flat_start import adapt, teach
from tingshuo.types import SpeechRequest, Word

DATA = Path(__file__).parents[2] / "shared" / "data"
RATE, HOP = 24000, 256

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Timed:
    """Words with pauses, and the frames of each phone."""

    words: tuple[Word, ...]
    durations: Ints


Borders = dict[tuple[int, int], float]
"""Where phones begin, in ms, by the number of the spoken word and the place in it; at place -1 is the end of the word."""


def phone_borders(timed: Timed) -> Borders:
    """Return where each spoken phone starts and the last of each word ends, in ms, by spoken word and place in it."""
    sequence = encode(timed.words)
    ends = np.cumsum(timed.durations) * (1000 * HOP / RATE)
    starts = ends - timed.durations * (1000 * HOP / RATE)
    spoken = {w: k for k, w in enumerate(w for w, word in enumerate(timed.words) if word.syllables)}
    borders: Borders = {}
    place = 0
    for i, w in enumerate(sequence.word_index):
        if w < 0:
            continue
        place = 0 if i == 0 or sequence.word_index[i - 1] != w else place + 1
        borders[spoken[int(w)], place] = float(starts[i])
        borders[spoken[int(w)], -1] = float(ends[i])
    return borders


def report(name: str, found: dict[str, Timed], truth: dict[str, Borders]) -> None:
    """Print how far borders lie from those of the truth."""
    errors = []
    for key, borders in truth.items():
        if key in found:
            mine = phone_borders(found[key])
            errors += [mine[place] - at for place, at in borders.items()]
    e = np.array(errors)
    a = np.abs(e)
    shares = "  ".join(f"within {ms} ms {np.mean(a <= ms):6.1%}" for ms in (11, 20, 50))
    print(f"  {name:20s} mean {a.mean():5.1f} ms  median {np.median(a):5.1f}  bias {np.median(e):+5.1f}  {shares}  of {len(a)}")


def recipe_align(features: Features, recipe: Path) -> tuple[dict[str, Timed], float]:
    """Run the other aligner on the same samples and words; return its timings and its CPU seconds."""
    sys.path.insert(0, str(recipe))
    module = importlib.import_module("align")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        np.save(work / "wav.npy", features.wav)
        clips = [
            {
                "speaker": clip.speaker,
                "start": clip.start_samples,
                "n": clip.n_samples,
                "words": [[s.pinyin for s in word.syllables] for word in clip.words] or None,
            }
            for clip in features.clips
        ]
        (work / "clips.json").write_text(json.dumps(clips))
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.process_time()
            module.main(str(work))
            seconds = time.process_time() - start
        results = json.loads((work / "durations.json").read_text())
    found = {}
    for clip, result in zip(features.clips, results, strict=True):
        if result:
            spoken = iter([word for word in clip.words if word.syllables])
            words = tuple(next(spoken) if syllables else Word("", pause_ms=1) for syllables in result["words"])
            found[clip.id] = Timed(words, np.array(result["durations"]))
    return found, seconds


def our_align(features: Features, config: HmmConfig) -> tuple[dict[str, Timed], float]:
    """Run our aligner; return its timings and its CPU seconds."""
    start = time.process_time()
    alignment = align(features, config)
    return {clip.id: Timed(clip.words, clip.durations) for clip in alignment.clips}, time.process_time() - start


def spoken_corpus(folder: Path, lines: int) -> tuple[list[Utterance], dict[str, Borders]]:
    """Let the built-in voice speak sentences in all its styles; return rows, and the true borders by their ids."""
    voice = tingshuo.load("default")
    rows, truth = [], {}
    texts = (DATA / "sentences_zh.txt").read_text("utf-8").splitlines()[:lines]
    for k, text in enumerate(texts):
        style = voice.styles[k % len(voice.styles)]
        sentences = list(Frontend().sentences(text))
        if len(sentences) > 1:
            continue
        words = sentences[0].words
        request = SpeechRequest(text=text)
        acoustics = SentenceAcoustics(voice.graphs, voice.config, words, voice.timbre(style), request, Stopwatch())
        chunks = vocode(voice.graphs["vocoder"], voice.config, acoustics, start_samples=0, seed=k, first=True)
        path = folder / f"{k}.wav"
        write(path, np.concatenate(list(chunks)), RATE)
        rows.append(Utterance(id=str(k), audio=str(path), speaker=style, text=text))
        truth[str(k)] = phone_borders(Timed(words, acoustics.durations))
    return rows, truth


def joined_corpus(folder: Path, sentences: int) -> tuple[list[Utterance], dict[str, Borders]]:
    """Put recorded words one after the other, each cut where its level rises and falls; borders of words are then known."""
    rows = [row for row in read_corpus(DATA / "cmn_words").rows if row.pinyin and row.text]
    rows = rows[:: max(len(rows) // (sentences * 7), 1)]
    features = prepare(rows, FeatureConfig(), folder / "cache")
    clips = [clip for clip in features.clips if len(clip.words) == 1]
    rng = np.random.default_rng(0)
    made, truth = [], {}
    by_id = {row.id: row for row in rows}
    for number in range(len(clips) // 6):
        pieces, borders, at = [np.zeros(RATE // 10, np.float32)], {}, RATE // 10
        said = clips[number * 6 : number * 6 + 6]
        for k, clip in enumerate(said):
            wav = features.wav_of(clip)
            level = frame_rms_db(wav, 240, 60)
            loud = np.flatnonzero(level > level.max() - 32)
            wav = wav[max(loud[0] * 60 - 60, 0) : loud[-1] * 60 + 60]
            gap = int(rng.choice([0, 0, RATE // 4]))
            borders[k, 0], borders[k, -1] = 1000 * at / RATE, 1000 * (at + len(wav)) / RATE
            pieces += [wav, rng.standard_normal(gap).astype(np.float32) * 1e-4]
            at += len(wav) + gap
        path = folder / f"joined{number}.wav"
        write(path, np.concatenate([*pieces, np.zeros(RATE // 10, np.float32)]), RATE)
        text, pinyin = (
            "，".join(by_id[clip.id].text or "" for clip in said),
            " ".join(by_id[clip.id].pinyin or "" for clip in said),
        )
        made.append(Utterance(id=str(number), audio=str(path), speaker="tan", text=text, pinyin=pinyin))
        truth[str(number)] = borders
    return made, truth


def compare(rows: Sequence[Utterance], truth: dict[str, Borders], args: argparse.Namespace, folder: Path) -> None:
    """Align rows in both ways and print what came out; without a truth, how far apart they are."""
    features = prepare(rows, FeatureConfig(), folder / "cache")
    minutes = len(features.wav) / RATE / 60
    found, seconds = our_align(features, HmmConfig.check(json.loads(args.config), "--config"))
    print(f"  {minutes:.1f} min of sound; ours took {seconds:.1f} s of CPU", end="")
    other = None
    if args.recipe:
        other, other_seconds = recipe_align(features, args.recipe)
        print(f", the recipe {other_seconds:.1f} s: {other_seconds / seconds:.1f} times as much", end="")
    print()
    if truth:
        report("ours", found, truth)
        if other:
            report("recipe", other, truth)
    elif other:
        report("ours against recipe", found, {key: phone_borders(timed) for key, timed in other.items()})


def compare_few(rows: Sequence[Utterance], truth: dict[str, Borders], args: argparse.Namespace, folder: Path) -> None:
    """Align a few rows, as if there were no more, in three ways and print what came out."""
    known = bundled_aligner(open_bundle(find_voice(args.voice)))
    if known is None:
        raise SystemExit(f"{args.voice}: brings no aligner")
    everything = prepare([row.replace(speaker="one") for row in rows], FeatureConfig(), folder / "cache")
    order = np.random.default_rng(1).permutation(len(everything.clips))
    for count in args.few:
        features = replace(everything, clips=tuple(everything.clips[k] for k in sorted(order[:count])))
        seconds = sum(clip.n_samples for clip in features.clips) / RATE
        print(f"  {len(features.clips)} clips, {seconds:.0f} s")
        config = HmmConfig()
        aligners = {
            "flat start": teach(features, config),
            "brought": known,
            "brought, adapted": adapt(known, features, config),
        }
        for name, aligner in aligners.items():
            report(name, {clip.id: Timed(clip.words, clip.durations) for clip in align_with(aligner, features).clips}, truth)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=120, help="sentences of the built-in voice")
    parser.add_argument("--joined", type=int, default=150, help="rows of six recorded words")
    parser.add_argument("--set", default="aishell", help="of the data pack")
    parser.add_argument("--clips", type=int, default=400, help="of that set")
    parser.add_argument("--recipe", type=Path, help="folder with the other aligner")
    parser.add_argument("--few", type=int, nargs="+", help="numbers of clips")
    parser.add_argument("--voice", default="default", help="a bundle with an aligner")
    parser.add_argument("--config", default="{}", help="HmmConfig as JSON")
    args = parser.parse_args()
    corpora: dict[str, Callable[[Path], tuple[list[Utterance], dict[str, Borders]]]] = {
        "sentences of the built-in voice": lambda folder: spoken_corpus(folder, args.lines),
        "recorded words in a row": lambda folder: joined_corpus(folder, args.joined),
        f"recordings of {args.set}": lambda _: (read_corpus(DATA / args.set).rows[: args.clips], {}),
    }
    for title, make in list(corpora.items())[: 2 if args.few else None]:
        with tempfile.TemporaryDirectory() as name:
            print(title)
            (compare_few if args.few else compare)(*make(Path(name)), args, Path(name))


if __name__ == "__main__":
    main()
