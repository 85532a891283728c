"""A manifest of our own: JSON Lines of `Utterance`, as ``tingshuo data -o`` writes it; see `tingshuo.data.utterance`.

Lines that are not JSON or not an `Utterance` are skipped with their reason.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Builder, Corpus, Reader, first_line, read_lines
from tingshuo.data.utterance import Utterance
from tingshuo.errors import ConfigError


def probe(path: Path) -> bool:
    """Tell whether a path is a file whose first line is a JSON object with ``id`` and ``audio``."""
    if not path.is_file():
        return False
    try:
        fields = json.loads(first_line(path))
    except json.JSONDecodeError:
        return False
    return isinstance(fields, dict) and {"id", "audio"} <= set(fields)


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read a manifest."""
    builder = Builder(path)
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


READER = Reader(probe, read)
