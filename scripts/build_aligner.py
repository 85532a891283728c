"""Teach the aligner that the built-in voice brings, and put it into a bundle.

    python scripts/build_aligner.py --out aligner                      # from the data pack beside the repository
    python scripts/build_aligner.py --features CACHE --out aligner     # from features that were computed before
    python scripts/build_aligner.py --aligner aligner --into src/tingshuo/voices/default

The second form takes the words as they are in those features. Speakers of whom there is much are given more clips, all others a
few, so that the models know many voices; three with much speech are left out, to measure with (`benchmarks/alignment.py`).
With ``--into`` the bundle gets the aligner and a patch version; nothing else of it changes.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.features import FeatureConfig, Features, open_features, prepare
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.train.aligner import Aligner, bundle_files, load_aligner, save_aligner
from tingshuo.train.flat_start import teach

ROOT = Path(__file__).parents[1]
PARTS = ("cmn_words", "cmn_syllables", "aishell", "cv_zh", "speechocean", "asp_english")
CLIPS = {"tan": 600, "wang": 400, "S0252": 180, "S0150": 180, "asp_narrator": 60}
OTHERS = 7
"""Clips of every other speaker."""
HELD_OUT = ("cv221", "cv155", "cv015")
CONFIG = HmmConfig(train_s=1e9)
T = TypeVar("T")


def spread(rows: Iterable[T], speakers: Iterable[str]) -> list[T]:
    """Choose rows of each speaker, evenly from all of theirs, in their order."""
    of: dict[str, list[T]] = {}
    for row, speaker in zip(rows, speakers, strict=True):
        if speaker not in HELD_OUT:
            of.setdefault(speaker, []).append(row)
    return [row for speaker, mine in of.items() for row in evenly(mine, CLIPS.get(speaker, OTHERS))]


def evenly(rows: Sequence[T], count: int) -> list[T]:
    """Choose at most so many rows, evenly from the whole."""
    return [rows[k * len(rows) // count] for k in range(count)] if len(rows) > count else list(rows)


def chosen_features(args: argparse.Namespace) -> Features:
    """Open or compute the features of the chosen rows; test rows are left out."""
    if args.features is None:
        rows = [row for row in read_corpus(args.data, parts=PARTS).rows if row.split != "test" and (row.text or row.pinyin)]
        return prepare(spread(rows, (row.speaker for row in rows)), FeatureConfig(english=True), args.cache)
    features = open_features(args.features)
    if features is None:
        raise SystemExit(f"{args.features}: holds no features")
    clips = [clip for clip in features.clips if clip.split != "test" and clip.words]
    return replace(features, clips=tuple(spread(clips, (clip.speaker for clip in clips))))


def put(aligner: Aligner, folder: Path) -> None:
    """Write an aligner into a bundle and raise its patch version."""
    bundle = open_bundle(folder, verify=True)
    major, minor, patch = bundle.manifest.version.split("-")[0].split(".")
    fields = bundle.manifest.fields() | {"version": f"{major}.{minor}.{int(patch) + 1}"}
    files: dict[str, Content] = {name: bundle.file(name) for name in bundle.manifest.files}
    write_bundle(folder, {k: v for k, v in fields.items() if k != "files"}, files | bundle_files(aligner), replace=True)
    size = sum(map(len, bundle_files(aligner).values()))
    print(f"{folder}: {fields['version']}, {size / 1000:.0f} kB of aligner")


def main() -> None:
    """Read the arguments; teach or load; write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="the data pack")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where features of its clips are kept")
    parser.add_argument("--features", type=Path, help="a folder features-... to take instead")
    parser.add_argument("--aligner", type=Path, help="take this aligner instead of teaching one")
    parser.add_argument("--out", type=Path, help="folder for the aligner")
    parser.add_argument("--into", type=Path, help="bundle that gets it")
    args = parser.parse_args()
    if args.aligner:
        aligner = load_aligner(args.aligner)
    else:
        features = chosen_features(args)
        minutes = sum(clip.n_samples for clip in features.clips) / features.config.mel.sample_rate / 60
        print(f"{len(features.clips)} clips of {len({c.speaker for c in features.clips})} speakers, {minutes:.0f} minutes")
        aligner = teach(features, CONFIG, lambda done, total: print(f"round {done} of {total}", flush=True))
    if args.out:
        save_aligner(aligner, args.out)
    if args.into:
        put(aligner, args.into)


if __name__ == "__main__":
    main()
