"""Numbers from names, and what a case says of its random ones."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tingshuo.errors import ConfigError
from tingshuo.tasks.golden_draws import Draws, noise_of, unit

MAKER = Path(__file__).parents[3] / "shared" / "golden" / "make_weights.py"


def test_a_name_has_the_same_numbers_everywhere():
    drawn = unit("rvc.z", (2, 3))
    np.testing.assert_allclose(
        drawn, [[0.03145051, -0.96777705, 1.15354647], [-1.274697, -1.18248622, -1.07854098]], atol=1e-8
    )  # fmt: skip
    assert np.array_equal(unit("rvc.z", (6,)), drawn.reshape(-1))
    assert not np.array_equal(unit("rvc.sine", (2, 3)), drawn)


def test_they_are_bell_shaped_and_bounded():
    drawn = unit("many", (100_000,))
    assert abs(drawn.mean()) < 0.01
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert np.abs(drawn).max() < 3.47
    assert 0.67 < (np.abs(drawn) < 1).mean() < 0.69  # of a bell 68 per cent, of a box 58


@pytest.mark.skipif(not MAKER.is_file(), reason="the golden fixtures are not there")
def test_they_are_those_of_the_fixtures():
    described = importlib.util.spec_from_file_location("make_weights", MAKER)
    maker = importlib.util.module_from_spec(described)
    described.loader.exec_module(maker)
    assert np.array_equal(unit("nsf.noise", (1, 3, 50)), maker.unit("nsf.noise", [1, 3, 50]))


def test_given_ones_come_first_then_zeros_then_those_of_the_name():
    given = Draws("a", {"z": np.arange(6.0)}, "zeros")
    assert given.take("z", "rvc.z", (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
    for told in ("zeros", "every random draw replaced by 0", "all random draws replaced by zeros"):
        assert not Draws("a", {}, told).take("z", "rvc.z", (2, 3)).any()
    salted = Draws("a", {}, "z: unit('rvc.z'+salt, [1, 2, 3])", "7").take("z", "rvc.z", (2, 3))
    assert np.array_equal(salted, unit("rvc.z7", (2, 3)))


def test_what_is_not_said_or_does_not_fit_is_refused():
    with pytest.raises(
        ConfigError, match=r"case 'a': does not say what took the place of random numbers; give the input 'z' of s"
    ):
        Draws("a", {}, None).take("z", "rvc.z", (2, 3))
    with pytest.raises(ConfigError, match=r"'z' has 5 random numbers, \[2, 3\] are drawn"):
        Draws("a", {"z": np.zeros(5)}, None).take("z", "rvc.z", (2, 3))


def test_one_case_is_like_another():
    told = {
        "noisy": {"noise": "z: unit('rvc.z'+salt)"},
        "head": {"noise": "as noisy, but shorter"},
        "round": {"noise": "as round"},
    }
    assert noise_of(told, "head") == told["noisy"]["noise"]
    assert noise_of(told, "round") == "as round"
    assert noise_of(told, "other") is None
    assert noise_of({"a": "text"}, "a") is None
