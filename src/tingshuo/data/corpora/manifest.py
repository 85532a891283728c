"""A manifest of our own, or a folder that has one: JSON Lines of `Utterance`; see `tingshuo.data.utterance`.

Lines that are not JSON or not an `Utterance` are skipped with their reason.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Builder, Corpus, Reader, first_line, read_lines
from tingshuo.data.utterance import Utterance
from tingshuo.errors import ConfigError

MANIFEST = "manifest.jsonl"
"""Its name in a folder, as ``tingshuo data --clean`` leaves it."""


def probe(path: Path) -> bool:
    """Tell whether a path is a file whose first line is a JSON object with ``id`` and ``audio``, or a folder with such a one."""
    try:
        fields = json.loads(first_line(_file(path)))
    except json.JSONDecodeError:
        return False
    return isinstance(fields, dict) and {"id", "audio"} <= set(fields)


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read a manifest."""
    builder = Builder(path)
    path = _file(path)
    for where, line in read_lines(path, builder):
        try:
            fields = json.loads(line)
            row = Utterance.check(fields, where)
        except json.JSONDecodeError as error:
            builder.skip(where, f"is not JSON: {error.msg}")
        except ConfigError as error:
            builder.skip(where, str(error).removeprefix(f"{where}: "))
        else:
            audio = path.parent / row.audio
            builder.add(where, audio, **{"lang": row.lang} | {key: value for key, value in fields.items() if key != "audio"})
    return builder.corpus()


def _file(path: Path) -> Path:
    return path / MANIFEST if path.is_dir() else path


READER = Reader(probe, read)
