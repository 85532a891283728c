"""Whatever stands before the names of a net's tensors is found, and a net that is there twice is not taken by chance."""

import numpy as np
import pytest

from tingshuo.errors import PortError
from tingshuo.port.convert.weight_sets import compare, find_set, folded_name, listed

WANTED = ("conv.weight", "conv.bias", "layers.0.bias")


def named(*begins: str) -> list[str]:
    return [f"{begin}{name}" for begin in begins for name in WANTED]


@pytest.mark.parametrize("begin", ["", "module.", "model.module.", "state_dict.generator.", "a.b.c.", "average/"])
def test_any_begin_is_found(begin: str) -> None:
    found = find_set([*named(begin), "optimizer.state.0", "conv_other.bias"], WANTED, None, "f")
    assert (found.begin, found.others) == (begin, ())


def test_weight_norm_counts_as_the_weight_that_it_makes() -> None:
    assert folded_name("a.conv.weight_g") == folded_name("a.conv.parametrizations.weight.original1") == "a.conv.weight"
    names = ["g.conv.weight_g", "g.conv.weight_v", "g.conv.bias", "g.layers.0.bias"]
    assert find_set(names, WANTED, None, "f").begin == "g."


@pytest.mark.parametrize("averaged", ["ema.", "model_ema.", "averaged_model.module.", "average/"])
def test_averaged_weights_are_taken_and_others_named(averaged: str) -> None:
    names = named("model.", averaged)
    found = find_set(names, WANTED, None, "f")
    assert (found.begin, found.others) == (averaged, ("model.",))
    assert find_set(names, WANTED, "model", "f").begin == "model."


def test_two_sets_are_not_guessed_between() -> None:
    with pytest.raises(PortError, match="f: has the weights of this net 2 times: a, b; say which with --voice"):
        find_set(named("a.", "b."), WANTED, None, "f")
    assert find_set(named("a.", "b."), WANTED, "b", "f").begin == "b."
    with pytest.raises(PortError, match="f: has no set of weights 'c'; it has: a, b"):
        find_set(named("a.", "b."), WANTED, "c", "f")
    with pytest.raises(PortError, match=r"it has: \(nothing in front\)"):
        find_set(named(""), WANTED, "ema", "f")


def test_a_set_that_is_whole_comes_before_one_that_is_not() -> None:
    assert find_set([*named("model."), "ema.conv.weight"], WANTED, None, "f").begin == "model."


def test_none_of_it() -> None:
    with pytest.raises(
        PortError, match=r"f: has no tensor of this net, which has: conv.bias, conv.weight, layers.0.bias; it is of another"
    ):
        find_set(["x.weight"], WANTED, None, "f")


def test_every_name_is_told() -> None:
    shapes = {"a": (1,), "b": (2,), "c": (3,), "d": (1,)}
    given = {"b": np.zeros(3, np.float32), "c": np.zeros(3, np.float32), "d": np.zeros(1, np.int8)}
    with pytest.raises(PortError) as raised:
        compare(given, shapes, ["x", "y"], "f")
    assert str(raised.value) == (
        "f: its tensors do not fit the net: 1 missing: a; 2 without a place: x, y; 1 of another shape: b (3,) instead of (2,); "
        "1 no fractions: d int8"
    )
    compare({"a": np.zeros(1, np.float32)}, {"a": (1,)}, [], "f")
    assert listed([str(n) for n in range(50)]).endswith("39 and 10 more")
