"""The list of what a place holds."""

import pytest

from tingshuo.errors import RegistryError
from tingshuo.store.backends.index import read_index, write_index


def test_what_is_written_is_read() -> None:
    assert read_index(write_index(["voices/听/2.0.0.json", "voices/b/1.0.0.json"]), "x") == (
        "voices/b/1.0.0.json",
        "voices/听/2.0.0.json",
    )


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"format": 2, "keys": []}', b'{"format": 1, "keys": [1]}', b"[" * 100_000, b"\xff"]
)
def test_what_is_not_an_index_is_said(content: bytes) -> None:
    with pytest.raises(RegistryError, match=r"^https://host/index\.json: .*the next push writes it anew"):
        read_index(content, "https://host/index.json")
