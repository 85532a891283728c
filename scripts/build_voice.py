"""Build the built-in voice from a trained one.

    python scripts/build_voice.py RUN/bundle [--aligner DIR] [--sentences FILE] [--out DIR]

The weights, speakers, styles and statements are those of the bundle that ``tingshuo train`` made with
``docs/recipes/built-in-voice.yaml``. Here the scales of int8 are chosen and judged on more sentences than a training takes, and
the model card and the aligner come along. Written whole or not at all. Needs the ``train`` extra.
"""

import argparse
from pathlib import Path

from tingshuo.port.calibration import pick_texts
from tingshuo.port.reuse import known_graphs
from tingshuo.port.variants import build_variants
from tingshuo.port.voice import graph_entries, voice_files
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.train.aligner import bundle_files, bundled_aligner, load_aligner
from tingshuo.train.publish import GOLDEN_TEXT, read_nets

ROOT = Path(__file__).parents[1]
CARDS = Path(__file__).parent / "voice"
CALIBRATION_TEXTS, TEST_TEXTS = 48, 24


def main() -> None:
    """Read the arguments and build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="the bundle of a training")
    parser.add_argument("--aligner", type=Path, help="of build_aligner.py; without it that of the trained voice")
    parser.add_argument("--sentences", type=Path, default=ROOT / "../shared/data/sentences_zh.txt", help="one a line")
    parser.add_argument("--out", type=Path, default=ROOT / "src/tingshuo/voices/default")
    args = parser.parse_args()
    bundle = open_bundle(args.trained, verify=True)
    lines = args.sentences.read_text("utf-8").splitlines()
    calibration, test = pick_texts(lines, CALIBRATION_TEXTS), pick_texts(lines, TEST_TEXTS, offset=7)
    nets = read_nets(bundle)
    built = build_variants(bundle.config, nets, calibration, test, GOLDEN_TEXT, known_graphs(bundle))
    for precision, errors in built.errors.items():
        print(precision, ", ".join(f"{name} {error:.1f} dB" for name, error in errors.items()))
    print("int8", ", ".join(f"{name} {value:.4g}" for name, value in built.figures.items()))
    for name, reason in built.refused.items():
        print(f"int8 {name} refused: {reason}")

    files: dict[str, Content] = dict(voice_files(bundle.config, nets, built.models) | built.golden)
    files |= {name: CARDS / name for name in ("MODELCARD.md", "CHANGELOG.md")}
    aligner = load_aligner(args.aligner) if args.aligner else bundled_aligner(bundle)
    files |= bundle_files(aligner) if aligner else {}
    kept = {key: value for key, value in bundle.manifest.fields().items() if key != "files"}
    manifest = kept | {"graphs": graph_entries(built.models), "measured": built.measured}
    write_bundle(args.out, manifest, files, replace=True)
    print(f"{args.out}: {sum(path.stat().st_size for path in args.out.rglob('*') if path.is_file()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
