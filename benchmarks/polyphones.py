"""Accuracy of polyphones on labelled sentences: dictionary alone, net alone, both.

    python benchmarks/polyphones.py [DATA.tsv]       # default ../shared/data/polyphones.tsv; skips itself when that is missing

The data (CPP, the dev part; Park and Lee, Interspeech 2020) is split once, by a hash of the sentence: what we looked at and
trained on is the tuning half, the figure that counts is that of the other half.
"""

import re
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tingshuo.text.g2p import Run, g2p, read_characters
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.polyphone import load_polyphones
from tingshuo.text.segment import segment


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


def readings_by_method(rows: list[Labelled]) -> dict[str, list[str]]:
    """Return for each labelled row the reading by each method: lexicon, net, both, and the one that is spoken in the end."""
    lexicon, net = load_lexicon(), load_polyphones()
    out: dict[str, list[str]] = {"lexicon": [], "net": [], "both": [], "spoken": []}
    for row in rows:
        runs = [Run(m.start(), segment(m[0], lexicon)) for m in re.finditer("[\u3400-\u9fff]+", row.sentence)]
        char = row.sentence[row.index]
        token, k = next(
            (token, row.index - run.start - token.start)
            for run in runs
            for token in run.tokens
            if 0 <= row.index - run.start - token.start < len(token.text)
        )
        usual = lexicon.readings(char)[0]
        out["lexicon"].append(token.entry.readings[k] if token.entry.readings else usual)
        score = net.scores(row.sentence, [row.index])[0] if char in net else {usual: 0.0}
        out["net"].append(max(score, key=score.__getitem__))
        out["both"].append(read_characters(runs, row.sentence, lexicon)[row.index])
        out["spoken"].append(spoken(row.sentence)[row.index])
    return out


def spoken(sentence: str) -> dict[int, str]:
    """Return the pinyin of every Chinese character of a sentence as it is spoken."""
    out: dict[int, str] = {}
    place = 0
    for word in g2p(sentence):
        for syllable in word.syllables:
            place = sentence.index(syllable.hanzi, place)
            out.update(dict.fromkeys(range(place, place + len(syllable.hanzi)), syllable.pinyin))
            place += len(syllable.hanzi)
    return out


def agrees(reading: str, label: str, lenient: bool) -> bool:
    """Compare a reading with a label; leniently, a neutral tone stands for any other and a second tone for a third."""
    if reading == label:
        return True
    same = reading.rstrip("12345").removesuffix("r") == label.rstrip("12345").removesuffix("r") or "er" in (
        reading[:-1],
        label[:-1],
    )
    return lenient and same and ("5" in (reading[-1], label[-1]) or (reading[-1], label[-1]) == ("2", "3"))


def main() -> None:
    """Print the accuracies of both halves and the worst characters of the tuning half."""
    path = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[2] / "shared" / "data" / "polyphones.tsv")
    if not Path(path).exists():
        print(f"{path} is not here: nothing to measure")
        return
    rows = read_labelled(path)
    methods = readings_by_method(rows)
    for name, half in (("tuning half", True), ("held-out half", False)):
        chosen = [i for i, row in enumerate(rows) if is_tuning(row.sentence) is half]
        print(f"{name}: {len(chosen)} sentences")
        for method, readings in methods.items():
            strict, lenient = (
                sum(agrees(readings[i], rows[i].pinyin, how) for i in chosen) / len(chosen) for how in (False, True)
            )
            print(f"  {method:8} {strict:7.2%}   neutral and third tones allowed for: {lenient:7.2%}")
    wrong = Counter(
        row.sentence[row.index]
        for row, reading in zip(rows, methods["both"], strict=True)
        if is_tuning(row.sentence) and not agrees(reading, row.pinyin, True)
    )
    print("most errors in the tuning half:", " ".join(f"{char}{count}" for char, count in wrong.most_common(40)))


if __name__ == "__main__":
    main()
