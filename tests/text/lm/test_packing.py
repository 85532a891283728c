"""A model that was packed says nearly the same."""

import numpy as np
import pytest

from tingshuo.errors import DataError
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.packing import pack, unpack

TEXTS = ["今天天气很好", "天气不好", "今天很好", "好"]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_model_is_packed_and_unpacked(order):
    model = estimate(TEXTS, order)
    packed = pack(model)
    again = unpack(model.units, packed)
    for text in [*TEXTS, "不天", "", "明天"]:
        assert again.log_prob(text) == pytest.approx(model.log_prob(text), abs=0.02)
    assert sum(array.nbytes for array in packed.values()) < 0.7 * sum(array.nbytes for array in model.arrays().values())


def test_what_lacks_something_or_does_not_fit_is_refused():
    model = estimate(TEXTS, 3)
    packed = pack(model)
    with pytest.raises(DataError, match=r"lack '2\.units'"):
        unpack(model.units, {name: array for name, array in packed.items() if name != "2.units"})
    with pytest.raises(DataError, match="do not fit"):
        unpack((*model.units, "多"), packed)
    with pytest.raises(DataError, match="do not fit"):
        unpack(model.units, packed | {"1.children": packed["1.children"] + np.int32(1)})
