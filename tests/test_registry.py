"""Registries import a thing when it is used, and say what to install when it cannot be."""

import sys

import pytest

from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.registry import Registry, Row

ROWS = {"absent": Row("no_such_package_here:Thing", "pip install thing"), "decimal": Row("colorsys:rgb_to_hls")}


def test_nothing_is_imported_until_it_is_used() -> None:
    sys.modules.pop("colorsys", None)
    registry = Registry("colour", ROWS)
    assert list(registry) == ["absent", "decimal"]
    assert registry.row("decimal").target == "colorsys:rgb_to_hls"
    assert "colorsys" not in sys.modules
    assert registry.load("decimal")(0, 0, 0) == (0, 0, 0)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(RequestError, match="unknown colour 'red'; known: absent, decimal"):
        Registry("colour", ROWS).load("red")


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(EngineNotInstalledError, match="'absent' needs the package 'no_such_package_here': pip install thing"):
        Registry("colour", ROWS).load("absent")


def test_rows_out_of_order_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="not in alphabetical order"):
        Registry("colour", {"b": Row("a:b"), "a": Row("a:b")})
