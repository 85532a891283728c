"""Accuracy of polyphones on labelled sentences: dictionary alone, net alone, both.

    python benchmarks/polyphones.py [DATA.tsv]       # default ../shared/data/polyphones.tsv; skips itself when that is missing

The data (CPP, the dev part; Park and Lee, Interspeech 2020) is split once, by a hash of the sentence: what we looked at and trained
on is the tuning half, the figure that counts is that of the other half.
"""

import zlib
from typing import NamedTuple


class Labelled(NamedTuple):
    """A sentence with the reading of the character at ``index``."""

    index: int
    pinyin: str
    sentence: str


def is_tuning(sentence: str) -> bool:
    """Say whether a sentence belongs to the tuning half: the lowest bit of the CRC-32 of its UTF-8 is 0."""
    return zlib.crc32(sentence.encode("utf-8")) % 2 == 0


def read_labelled(path: str) -> list[Labelled]:
    """Read ``index<TAB>pinyin<TAB>sentence`` lines."""
    with open(path, encoding="utf-8") as file:
        rows = (line.rstrip("\n").split("\t") for line in file)
        return [Labelled(int(index), "er5" if pinyin == "r5" else pinyin, sentence) for index, pinyin, sentence in rows]
