"""Choose what teaches the built-in voice, and write it as rows for `tingshuo train`.

    python scripts/choose_rows.py ../shared/data --out rows.jsonl

All of the two audio-cmn speakers, of the two AISHELL-1 readers and of the English narrator; of Common Voice the volunteers who
read most sentences; of speechocean762 what is meant for training. Readers of the latter are many and read little, so they share
one style.
"""

import argparse
from pathlib import Path

from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.utterance import Utterance, write_manifest

PARTS = ("cmn_words", "cmn_syllables", "aishell", "asp_english", "cv_zh", "speechocean")
VOLUNTEERS = ("cv015", "cv018", "cv059", "cv074", "cv080", "cv138", "cv155", "cv168", "cv194", "cv206", "cv220", "cv221", "cv244",
              "cv249")  # fmt: skip
ENGLISH_STYLE = "so"


def chosen(row: Utterance) -> Utterance | None:
    """Return a row as it is learnt from, or None."""
    if row.speaker.startswith("cv"):
        return row if row.speaker in VOLUNTEERS else None
    if row.speaker.startswith("so"):
        return row.replace(style=ENGLISH_STYLE) if row.split == "train" else None
    return row


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("rows.jsonl"))
    args = parser.parse_args()
    rows = [row for row in map(chosen, read_corpus(args.data, parts=PARTS).rows) if row is not None]
    write_manifest(args.out, rows)
    print(f"{args.out}: {len(rows)} rows of {len({row.speaker for row in rows})} speakers")


if __name__ == "__main__":
    main()
