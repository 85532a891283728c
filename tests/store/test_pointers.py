"""Aliases move, and find back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import RegistryError
from tingshuo.store.pointers import CURRENT, Pointers

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALL = {"1.0.0", "1.1.0", "1.2.0"}


def test_current_is_the_newest_until_it_is_pointed(tmp_path: Path) -> None:
    pointers = Pointers(tmp_path, "1.1.0")
    assert pointers.now() == {CURRENT: "1.1.0"}
    pointers.move(CURRENT, "1.0.0", NOW)
    pointers.move("prod", "1.1.0", NOW)
    assert Pointers(tmp_path, "1.2.0").now() == {CURRENT: "1.0.0", "prod": "1.1.0"}
    assert [(move.version, move.at) for move in pointers.moves("prod")] == [("1.1.0", "2026-03-01T00:00:00+00:00")]


def test_going_back_twice_goes_back_further(tmp_path: Path) -> None:
    pointers = Pointers(tmp_path, "1.2.0")
    for version in sorted(ALL):
        pointers.move("prod", version, NOW)
    for expected in ("1.1.0", "1.0.0"):
        assert pointers.before("prod", ALL) == expected
        pointers.move("prod", expected, NOW, back=True)
    assert pointers.before("prod", ALL) is None
    pointers.move("prod", "1.2.0", NOW)
    assert pointers.before("prod", ALL) == "1.0.0"


def test_what_is_gone_is_passed_over(tmp_path: Path) -> None:
    pointers = Pointers(tmp_path, "1.2.0")
    for version in sorted(ALL):
        pointers.move("prod", version, NOW)
    assert pointers.before("prod", {"1.0.0", "1.2.0"}) == "1.0.0"
    assert pointers.before("prod", {"1.2.0"}) is None


@pytest.mark.parametrize("alias", ["", "Prod", "1.0.0", "a/b", "-x", "x" * 33, "产品"])
def test_what_could_be_something_else_is_no_alias(alias: str) -> None:
    with pytest.raises(RegistryError, match="is no alias"):
        Pointers.check(alias)


@pytest.mark.parametrize("text", ["", "{", '{"format": 2}', '{"aliases": {"prod": []}}', '{"colour": 1}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "aliases.json").write_text(text)
    with pytest.raises(RegistryError, match=r"aliases\.json.*point the aliases anew"):
        Pointers(tmp_path, "1.0.0")
