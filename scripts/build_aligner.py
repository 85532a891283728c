"""Teach the aligner that the built-in voice brings, and put it into a bundle.

    python scripts/build_aligner.py --out aligner                      # from the data pack beside the repository
    python scripts/build_aligner.py --features CACHE --out aligner     # from features that were computed before
    python scripts/build_aligner.py --aligner aligner --into src/tingshuo/voices/default

The second form takes the words as they are in those features. Speakers of whom there is much give some minutes, all others half
a minute, so that the models know many voices; those of ``--without`` are left out, to measure with. With ``--into`` the bundle
gets the aligner and a patch version; nothing else of it changes.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.features import Clip, FeatureConfig, Features, open_features, prepare
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.train.aligner import Aligner, bundle_files, load_aligner, save_aligner
from tingshuo.train.flat_start import spread, teach

ROOT = Path(__file__).parents[1]
PARTS = ("cmn_words", "cmn_syllables", "aishell", "cv_zh", "speechocean", "asp_english")
SECONDS = {"tan": 600.0, "wang": 300.0, "S0252": 700.0, "S0150": 700.0, "asp_narrator": 600.0}
OTHERS_S = 35.0
"""Of every other speaker."""
WITHOUT = ("cv221", "cv155", "cv015")
CHANGES, TITLE = "CHANGELOG.md", "# Changelog\n"
CONFIG = HmmConfig(train_s=1e9)


def chosen(features: Features, without: Sequence[str]) -> Features:
    """Choose clips of each speaker, evenly from all of theirs; those for testing are left out."""
    of: dict[str, list[Clip]] = {}
    for clip in features.clips:
        if clip.words and clip.split != "test" and clip.speaker not in without:
            of.setdefault(clip.speaker, []).append(clip)
    rate = features.config.mel.sample_rate
    clips = [mine[k] for who, mine in of.items() for k in spread(mine, SECONDS.get(who, OTHERS_S) * rate)]
    return replace(features, clips=tuple(clips))


def read_features(args: argparse.Namespace) -> Features:
    """Open or compute features."""
    if args.features is None:
        rows = [row for row in read_corpus(args.data, parts=args.part or PARTS).rows if row.text or row.pinyin]
        return prepare(rows, FeatureConfig(english=True), args.cache)
    features = open_features(args.features)
    if features is None:
        raise SystemExit(f"{args.features}: holds no features of this version")
    return features


def put(aligner: Aligner, folder: Path) -> None:
    """Write an aligner into a bundle and raise its patch version."""
    bundle = open_bundle(folder, verify=True)
    major, minor, patch = bundle.manifest.version.split("-")[0].split(".")
    fields = bundle.manifest.fields() | {"version": f"{major}.{minor}.{int(patch) + 1}"}
    files: dict[str, Content] = {name: bundle.file(name) for name in bundle.manifest.files}
    if CHANGES in files:
        news = f"{TITLE}\n## {fields['version']}\n\nBrings an aligner, for voices that are trained from this one.\n"
        files[CHANGES] = bundle.file(CHANGES).read_text("utf-8").replace(TITLE, news, 1).encode()
    write_bundle(folder, {k: v for k, v in fields.items() if k != "files"}, files | bundle_files(aligner), replace=True)
    size = sum(map(len, bundle_files(aligner).values()))
    print(f"{folder}: {fields['version']}, {size / 1000:.0f} kB of aligner")


def main() -> None:
    """Read the arguments; teach or load; write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="the data pack")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where features of its clips are kept")
    parser.add_argument("--features", type=Path, help="a folder features-... to take instead")
    parser.add_argument("--part", action="append", help="of the data pack; may be repeated")
    parser.add_argument("--without", action="append", default=[*WITHOUT], help="a speaker to leave out too; may be repeated")
    parser.add_argument("--aligner", type=Path, help="take this aligner instead of teaching one")
    parser.add_argument("--out", type=Path, help="folder for the aligner")
    parser.add_argument("--into", type=Path, help="bundle that gets it")
    args = parser.parse_args()
    if args.aligner:
        aligner = load_aligner(args.aligner)
    else:
        features = chosen(read_features(args), args.without)
        minutes = sum(clip.n_samples for clip in features.clips) / features.config.mel.sample_rate / 60
        print(f"{len(features.clips)} clips of {len({c.speaker for c in features.clips})} speakers, {minutes:.0f} minutes")
        aligner = teach(features, CONFIG, lambda done, total: print(f"round {done} of {total}", flush=True))
    if args.out:
        save_aligner(aligner, args.out)
    if args.into:
        put(aligner, args.into)


if __name__ == "__main__":
    main()
