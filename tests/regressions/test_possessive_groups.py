"""Python 3.11.0 to 3.11.4 match possessive groups wrongly (python/cpython#106052), so patterns must do without them."""

import re
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src/tingshuo"
POSSESSIVE_GROUP = re.compile(r"""\)[*+?]\+(?=[^+*?\s])""")


def test_no_pattern_has_a_possessive_group():
    found = []
    for path in SOURCES.rglob("*.py"):
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if POSSESSIVE_GROUP.search(line) and ('r"' in line or "r'" in line):
                found.append(f"{path.name}:{n}: {line.strip()}")
    assert found == []
