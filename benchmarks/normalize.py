"""Speed of the normaliser: characters per second on prose and on numbers, and the ratio to wetext where that is installed.

    python benchmarks/normalize.py [FILE]

FILE has one sentence per line; without it the written half of the golden cases is used. Times are CPU seconds of this process.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tingshuo.text.normalize import normalize

GOLDEN = Path(__file__).parents[1] / "tests/text/golden/normalize"
PROSE = "今天天气真好，我们去公园散步吧，顺便买点水果回来，晚上再一起看场电影。"


def sentences() -> list[str]:
    """Return what is to be normalised."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1]).read_text("utf-8").splitlines()
    return [line.split("\t")[0] for path in sorted(GOLDEN.glob("*.tsv")) for line in path.read_text("utf-8").splitlines()]


def seconds(speak: Callable[[str], str], texts: list[str]) -> float:
    """Return the CPU seconds of the fastest of three passes, after one that compiles and caches."""
    best = float("inf")
    for _ in range(4):
        start = time.process_time()
        for text in texts:
            speak(text)
        best = min(best, time.process_time() - start)
    return best


def report(name: str, texts: list[str]) -> None:
    """Print one row per normaliser."""
    characters = sum(map(len, texts))
    ours = seconds(normalize, texts)
    mean = characters / len(texts)
    print(f"{name}: {characters / ours:,.0f} characters/s, {1e3 * ours / len(texts):.3f} ms per text of {mean:.0f} characters")
    try:
        from wetext import Normalizer
    except ModuleNotFoundError:
        return
    theirs = seconds(Normalizer(lang="zh", operator="tn").normalize, texts[:100])
    ratio = theirs / sum(map(len, texts[:100])) / (ours / characters)
    print(f"{name}: wetext takes {ratio:.0f} times as long")


if __name__ == "__main__":
    report("prose", [PROSE] * 300)
    report("numbers", sentences())
