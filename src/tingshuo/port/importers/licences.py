"""Under which licence a download says that it stands: the header of its model card, or the text that lies beside it."""

import re
from collections.abc import Iterable
from pathlib import Path

_HEADER = re.compile(r"---\n(.*?)\n---", re.DOTALL)
_LINE = re.compile(r"^license:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_FIRST_LINES = {"MIT License": "MIT", "Apache License": "Apache-2.0", "BSD 3-Clause License": "BSD-3-Clause"}
_SPELT = {"mit": "MIT", "apache-2.0": "Apache-2.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-4.0": "CC-BY-SA-4.0",
          "cc-by-nc-4.0": "CC-BY-NC-4.0", "cc0-1.0": "CC0-1.0", "bsd-3-clause": "BSD-3-Clause"}  # fmt: skip
"""How model cards write what SPDX writes otherwise."""


def licence_beside(folders: Iterable[Path]) -> str | None:
    """Return the licence that the first of some folders with a word about it names, None where none has."""
    for folder in folders:
        card = folder / "README.md"
        header = _HEADER.match(card.read_text("utf-8", "replace")) if card.is_file() else None
        if header and (found := _LINE.search(header[1])):
            return _SPELT.get(found[1].lower(), found[1])
        for text in (folder / name for name in _TEXTS):
            if text.is_file():
                lines = [line.strip() for line in text.read_text("utf-8", "replace").splitlines() if line.strip()]
                if lines and lines[0] in _FIRST_LINES:
                    return _FIRST_LINES[lines[0]]
    return None
