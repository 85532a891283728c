"""Build the pronouncing lexicon that `tingshuo.text.lexicon` reads.

    python scripts/build_lexicon.py            # needs pypinyin and jieba (pip install pypinyin jieba)

Sources, later ones win: readings of characters and phrases from pypinyin (https://github.com/mozillazg/python-pinyin, MIT),
words with their frequencies and parts of speech from jieba's dictionary (https://github.com/fxsj/jieba, MIT), and the words in
``scripts/lexicon/*.txt``, written for this project (neutral tones, erhua, names, corrections).
"""

import math
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_tone3

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "scripts" / "lexicon"
OUT = ROOT / "src" / "tingshuo" / "text" / "data"

MIN_FREQUENCY = 10
"""Words of jieba's dictionary that are rarer than this in its corpus are left out."""
OWN_FREQUENCY = 200
"""What our own words count as at least: enough to be preferred to their characters."""
MAX_LENGTH = 8
TOTAL = 60_101_967
"""Tokens of the corpus behind jieba's frequencies."""
STEPS_PER_NEPER = 4
"""Resolution of a cost: -ln(probability) in quarters, one printable character from '!' on."""
HANZI = re.compile("[\u3400-\u9fff〇\U00020000-\U000323af]+")
TAGS = {"nr": "N", "nrt": "N", "nrfg": "N", "ns": "S", "nt": "T", "nz": "Z", "zg": "z", "t": "t"}


def syllable(marked: str) -> str:
    """``zhòng`` -> ``zhong4``; ü becomes v, a neutral tone 5, the vowelless hums and ê what they are spoken as."""
    pinyin = to_tone3(marked, neutral_tone_with_five=True, v_to_u=False).replace("ü", "v")
    body, tone = pinyin[:-1], pinyin[-1]
    return {"ê": "ei", "r": "er", "wong": "weng", "bong": "beng"}.get(body, body) + tone


def characters() -> dict[str, list[str]]:
    """Return the readings of every character, the usual one first."""
    out = {}
    for code, readings in PINYIN_DICT.items():
        if HANZI.fullmatch(chr(code)):
            out[chr(code)] = list(dict.fromkeys(syllable(r) for r in readings.split(",")))
    for char, readings in own_lines("characters.txt"):
        out[char] = readings
    return out


def own_lines(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the key and the readings of every line of one of our own tables."""
    for line in (OWN / name).read_text("utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, *readings = line.split()
            yield key, readings


def own_words(chars: dict[str, list[str]], known: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield our own words: those of ``neutral.txt`` end in a neutral tone, those of ``words.txt`` are spelled out."""
    for line in (OWN / "neutral.txt").read_text("utf-8").splitlines():
        for word in line.split("#")[0].split():
            readings = known.get(word) or [chars[c][0] for c in word]
            yield word, [*readings[:-1], readings[-1][:-1] + "5"]
    yield from own_lines("words.txt")


def frequencies() -> dict[str, tuple[int, str]]:
    """Return frequency and part of speech of the words of jieba's dictionary."""
    out = {}
    for line in (files("jieba") / "dict.txt").read_text("utf-8").splitlines():
        word, count, tag = line.split()
        if HANZI.fullmatch(word) and len(word) <= MAX_LENGTH:
            out[word] = int(count), TAGS.get(tag, tag[0])
    return out


def words(chars: dict[str, list[str]]) -> dict[str, tuple[int, str, str]]:
    """Return cost, tag and readings ("" = not known as a word) of every word of two characters or more, and of single ones."""
    counted = frequencies()
    known: dict[str, list[str]] = {}
    for phrase, readings in PHRASES_DICT.items():
        if HANZI.fullmatch(phrase) and 1 < len(phrase) <= MAX_LENGTH:
            known[phrase] = [citation(char, syllable(r[0])) for char, r in zip(phrase, readings, strict=True)]
    for word, readings in own_words(chars, known):
        known[word] = ["=", *readings]
        count, tag = counted.get(word) or (0, counted.get(word.rstrip("儿"), (0, "n"))[1])
        counted[word] = max(count, OWN_FREQUENCY), tag
    out = {}
    for word in known.keys() | {w for w, (count, _) in counted.items() if count >= MIN_FREQUENCY or len(w) == 1}:
        count, tag = counted.get(word, (2, "l"))
        cost = round(STEPS_PER_NEPER * -math.log(max(count, 1) / TOTAL))
        out[word] = cost, tag, "".join(known.get(word, []))
    return out


def citation(char: str, reading: str) -> str:
    """Undo the tone sandhi that some phrases of the source are written with."""
    return {"一": "yi1", "不": "bu4"}.get(char, reading)


def main() -> None:
    """Write the data files."""
    chars = characters()
    entries: dict[str, list[str]] = defaultdict(list)
    heads: dict[str, str] = {}
    for word, (cost, tag, readings) in sorted(words(chars).items()):
        if len(word) == 1:
            heads[word] = tag + chr(33 + cost)
        else:
            entries[word[0]].append(f"{word[1:]}{tag}{chr(33 + cost)}{readings}")
    common = sorted(heads.keys() | entries.keys())
    lines = [
        f"{c}{heads.get(c, 'g' + chr(33 + 72))}{','.join(chars[c])} {' '.join(entries[c])}".rstrip() for c in common if c in chars
    ]
    rare = [f"{c}g{chr(33 + 72)}{','.join(chars[c])}" for c in sorted(chars.keys() - set(common))]
    OUT.mkdir(parents=True, exist_ok=True)
    for name, rows in (("lexicon.txt.z", lines), ("rare.txt.z", rare)):
        data = zlib.compress("\n".join(rows).encode("utf-8"), 9)
        (OUT / name).write_bytes(data)
        print(f"{name}: {len(rows)} characters, {sum(len(e) for e in entries.values())} words, {len(data)} bytes")


if __name__ == "__main__":
    main()
