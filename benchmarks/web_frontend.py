"""How often the web page reads a text as Python does: syllables and sentences that are the same, and the time of both.

    python benchmarks/web_frontend.py FILE [--show N]

FILE has one sentence per line. The page's scripts run in node where that is installed, else in headless Chromium. A syllable
counts as equal when it stands, with its tone, in the longest common sequence of both readings.
"""

import argparse
import difflib
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import tingshuo
from tingshuo.errors import TextError
from tingshuo.port.formats.web import SCRIPTS
from tingshuo.port.formats.web_tables import text_scripts
from tingshuo.text.frontend import Frontend

PAGE = Path(tingshuo.__file__).parent / "port/formats/web/js"
TEXT_SIDE = SCRIPTS[: SCRIPTS.index("frontend") + 1]
READ = """async (lines) => {
  const frontend = await tingshuo.openFrontend(true);
  const begun_ms = performance.now();
  const read = lines.map((line) => [...frontend.sentences(line)].flatMap(({ words }) => words)
    .map(({ syllables, pause_ms }) => syllables.length ? syllables.map(({ pinyin }) => pinyin) : [`|${pause_ms}`]));
  return { read, ms: performance.now() - begun_ms };
}"""
NODE = """const vm = require("vm"), fs = require("fs"), [scripts, lines] = process.argv.slice(1);
for (const file of JSON.parse(scripts)) vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
(READ)(JSON.parse(fs.readFileSync(lines, "utf8"))).then((found) => process.stdout.write(JSON.stringify(found)));"""

Readings = list[list[list[str]]]
"""Line, word, syllables: pinyin with tone, ARPAbet, or ``|ms`` for a pause."""


def in_page(lines: list[str]) -> tuple[Readings, float, int]:
    """Return what the page's scripts read, the milliseconds that it took, and the bytes of the tables."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tables = [folder / f"{name}.js" for name, _ in text_scripts(english=True)]
        for name, text in text_scripts(english=True):
            (folder / f"{name}.js").write_text(text, "utf-8")
        scripts = [str(path) for path in (*tables, *(PAGE / f"{name}.js" for name in TEXT_SIDE))]
        found = _in_node(scripts, lines, folder) if shutil.which("node") else _in_chromium(scripts, lines, folder)
        return found["read"], found["ms"], sum(path.stat().st_size for path in tables)


def _in_node(scripts: list[str], lines: list[str], folder: Path) -> dict[str, Any]:
    (folder / "lines.json").write_text(json.dumps(lines), "utf-8")
    command = ["node", "-e", NODE.replace("READ", READ), json.dumps(scripts), str(folder / "lines.json")]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def _in_chromium(scripts: list[str], lines: list[str], folder: Path) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    (folder / "index.html").write_text(
        '<meta charset="utf-8">' + "".join(f'<script src="file://{path}"></script>' for path in scripts), "utf-8"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.goto(f"file://{folder}/index.html")
        return dict(page.evaluate(READ, lines))


def in_python(lines: list[str]) -> tuple[Readings, float]:
    """Return what Python reads and the milliseconds that it took."""
    frontend, read = Frontend(english=True), Readings()
    begun = time.perf_counter()
    for line in lines:
        try:
            words = [word for sentence in frontend.sentences(line) for word in sentence.words]
        except TextError:  # nothing to speak
            words = []
        read.append([[s.pinyin for s in word.syllables] or [f"|{word.pause_ms}"] for word in words])
    return read, 1000 * (time.perf_counter() - begun)


def main() -> None:
    """Compare both on the lines of a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--show", type=int, default=0, help="sentences that differ to print")
    asked = parser.parse_args()
    lines = [line for line in asked.file.read_text("utf-8").splitlines() if line.strip()]
    page, page_ms, table_bytes = in_page(lines)
    python, python_ms = in_python(lines)
    total = equal = 0
    for line, theirs, ours in zip(lines, page, python, strict=True):
        left, right = ([s for word in words for s in word if s[0] != "|"] for words in (theirs, ours))
        blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
        total, equal = total + max(len(left), len(right)), equal + sum(block.size for block in blocks)
        if theirs != ours and asked.show:
            asked.show -= 1
            print(f"{line}\n  page   {' '.join(left)}\n  Python {' '.join(right)}")
    same = sum(theirs == ours for theirs, ours in zip(page, python, strict=True))
    print(f"syllables equal: {equal} of {total}, {equal / total:.2%}")
    print(f"lines equal in words, syllables and pauses: {same} of {len(lines)}, {same / len(lines):.2%}")
    ratio = page_ms / python_ms
    print(f"page {page_ms / len(lines):.2f} ms a line, {ratio:.1f} times as long as Python; tables {table_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
