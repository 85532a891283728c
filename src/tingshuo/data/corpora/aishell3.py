"""AISHELL-3: ``train`` and ``test`` with ``content.txt`` and ``wav/SPEAKER/SPEAKERxxxx.wav``.

A line is a file name, a tab, and each character followed by its pinyin: ``SSB00050001.wav	广 guang3 州 zhou1``. A character
without pinyin of its own is taken into the syllable before it (玩 wanr2 儿). The source has no dev split.

Source: Y. Shi and others: AISHELL-3, Interspeech 2021; https://www.openslr.org/93, Apache-2.0.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import SPLITS, Builder, Corpus, Reader, count_hanzi, find_sound, first_line, read_lines

CONTENT = "content.txt"
SPEAKER_LETTERS = 7
"""The speaker is the first letters of a file's name: ``SSB0005`` of ``SSB00050001``."""

_LINE = re.compile(r"\S+\.wav\t\S+ [a-z]+[1-5]\b.*")
_PINYIN = re.compile(r"[a-zA-Zü:]+\d?")


def probe(path: Path) -> bool:
    """Tell whether a path, or a folder of splits in it, has a content.txt of characters and pinyin."""
    return any(_LINE.fullmatch(first_line(content)) for content in _contents(path))


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read AISHELL-3, or one of its splits."""
    builder = Builder(path, licence="Apache-2.0", source="AISHELL-3 (OpenSLR SLR93)")
    for content in _contents(path):
        split = SPLITS.get(content.parent.absolute().name, "train")
        for where, line in read_lines(content, builder):
            name, _, spoken = line.partition("\t")
            tokens = spoken.split()
            syllables = [token for token in tokens if _PINYIN.fullmatch(token)]
            text = "".join(token for token in tokens if not _PINYIN.fullmatch(token))
            merged = count_hanzi(text) - len(syllables)
            if not syllables or not 0 <= merged <= text.count("儿"):
                builder.skip(where, f"must be a file name, a tab and characters with their pinyin, got {line[:40]!r}")
                continue
            stem = name.removesuffix(".wav")
            speaker = stem[:SPEAKER_LETTERS]
            sound = find_sound(content.parent / "wav" / speaker, stem)
            builder.add(where, sound, id=stem, text=text, pinyin=" ".join(syllables), speaker=speaker, split=split)
    return builder.corpus()


def _contents(path: Path) -> list[Path]:
    candidates = (path / CONTENT, path / "train" / CONTENT, path / "test" / CONTENT)
    return [content for content in candidates if content.is_file()]


READER = Reader(probe, read)
