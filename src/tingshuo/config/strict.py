"""Records that are read from JSON or YAML documents: an unknown key or a value of the wrong kind is an error."""

import json
import re
from pathlib import Path
from typing import Any, Self

import msgspec

from tingshuo.errors import ConfigError

_PLACE = re.compile(r"(.*) - at (?:`(?:key|value)` in )?`\$\.?(.*)`", re.DOTALL)
"""How msgspec ends a message: where in the document, ``$`` being its root."""


class StrictModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen record that refuses unknown keys and wrong types when it is made from a document.

    msgspec rather than pydantic: it is read at every start of the command, and building these records takes a millisecond
    instead of a fifth of a second.
    """

    @classmethod
    def check(cls, fields: object, source: str) -> Self:
        """Make a record from what a JSON or YAML document holds; ``source`` names the document in messages.

        Raises
        ------
        ConfigError
            A key is missing or unknown, or a value is wrong; the message is ``source: where: what``.
        """
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError as error:
            found = _PLACE.fullmatch(str(error))
            what, where = found.groups() if found else (str(error), "")
            raise ConfigError(f"{source}: {where or 'the whole file'}: {what}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON file.

        Raises
        ------
        ConfigError
            The file cannot be read, is not JSON, or has an unknown key or a wrong value.
        """
        try:
            fields = json.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
        return cls.check(fields, str(path))

    def fields(self) -> dict[str, Any]:
        """Return what `check` reads: plain dicts, lists, strings and numbers."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values; they are not checked."""
        return msgspec.structs.replace(self, **changes)
