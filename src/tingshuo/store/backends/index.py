"""``index.json`` of a place for versions: what it holds, for web servers, which have no listing of their own."""

import json
from collections.abc import Collection
from typing import Literal

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, RegistryError

INDEX = "index.json"
MAX_INDEX_BYTES = 4 << 20


class _Index(StrictModel, frozen=True):
    format: Literal[1]
    keys: tuple[str, ...]


def read_index(content: bytes, source: str) -> tuple[str, ...]:
    """Return the keys that an index lists; ``source`` names it in messages.

    Raises
    ------
    RegistryError
        It is not JSON, or of another shape.
    """
    try:
        return _Index.check(json.loads(content), source).keys
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{source}: cannot be read as JSON: {error}; the next push writes it anew") from error
    except ConfigError as error:
        raise RegistryError(f"{error}; the next push writes it anew") from error


def write_index(keys: Collection[str]) -> bytes:
    """Return an index as it is written."""
    return json.dumps({"format": 1, "keys": sorted(keys)}, ensure_ascii=False, indent=1).encode() + b"\n"
