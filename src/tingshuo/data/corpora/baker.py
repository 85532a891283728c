"""Baker (CSMSC, BZNSYP): ``ProsodyLabeling/000001-010000.txt`` and ``Wave/000001.wav``.

Two lines an utterance: number, tab and the text with its prosodic boundaries; then, indented, its pinyin::

    000001	卡尔普#2陪外孙#1玩滑梯#4。
        ka2 er2 pu3 pei2 wai4 sun1 wan2 hua2 ti1

Marks #1 to #4 are taken out of the text. Source: Databaker, Chinese Standard Mandarin Speech Corpus, for non-commercial use only:
https://www.data-baker.com/open_source.html
"""

import re
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Builder, Corpus, Reader, find_sound, first_line, read_lines

LABELS = "ProsodyLabeling"
_TEXT = re.compile(r"(\d+)\s+(\S.*)")
_BOUNDARY = re.compile(r"#[1-4]")


def probe(path: Path) -> bool:
    """Tell whether a path is a folder with prosody labels of this kind."""
    return any(_BOUNDARY.search(first_line(labels)) for labels in _labels(path))


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read Baker."""
    builder = Builder(path, licence="non-commercial use only", source="Baker (CSMSC)", speaker="baker")
    waves = next((folder for folder in map(path.joinpath, ("Wave", "wave", "wav", "wavs")) if folder.is_dir()), path / "Wave")
    for labels in _labels(path):
        where, head = "", None
        for next_where, line in read_lines(labels, builder):
            match = _TEXT.fullmatch(line)
            if match:
                _skip_alone(builder, where, head)
                where, head = next_where, match
            elif head is None:
                builder.skip(next_where, "is pinyin without a line of text before it")
            else:
                text = _BOUNDARY.sub("", head[2])
                builder.add(where, find_sound(waves, head[1]), id=head[1], text=text, pinyin=" ".join(line.split()))
                head = None
        _skip_alone(builder, where, head)
    return builder.corpus()


def _labels(path: Path) -> list[Path]:
    folder = path / LABELS
    return sorted(folder.glob("*.txt")) if folder.is_dir() else []


def _skip_alone(builder: Builder, where: str, head: re.Match[str] | None) -> None:
    if head is not None:
        builder.skip(where, "is text without a line of pinyin after it")


READER = Reader(probe, read)
