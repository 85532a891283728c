import re

import pytest

from tingshuo.text.normalize import normalize
from tingshuo.text.rules.units import UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_spoken_by_its_name(unit):
    said = normalize(f"共3{unit}。")
    assert said.replace(" ", "") == f"共三{UNITS[unit]}。".replace(" ", "")


def test_names_of_units_have_no_digits():
    assert not [name for name in UNITS.values() if re.search("[0-9]", name)]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("5m", "五米"), ("5ma", "五ma"), ("M5", "M五"), ("5m2", "五平方米"), ("5m/s", "五米每秒"), ("5 km", "五公里")],
)
def test_a_unit_ends_where_the_letters_end(written, spoken):
    assert normalize(written) == spoken
