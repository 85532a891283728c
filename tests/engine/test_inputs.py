import numpy as np
import pytest

from tingshuo.engine.inputs import check_inputs
from tingshuo.errors import EngineError
from tingshuo.types import GraphSpec

SPEC = GraphSpec({"mel": ("float32", (1, 80, "F")), "ids": ("int64", (1, "N")), "f0": ("float32", (1, "F"))}, {})
GOOD = {
    "mel": np.zeros((1, 80, 5), np.float32),
    "ids": np.zeros((1, 3), np.int64),
    "f0": np.zeros((1, 5), np.float32),
}


def test_what_the_graph_states_is_taken():
    check_inputs("vocoder", SPEC, GOOD)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"mel": GOOD["mel"]}, "its input 'ids' is missing"),
        (GOOD | {"pitch": GOOD["ids"]}, "no input 'pitch'; it has: mel, ids, f0"),
        (GOOD | {"f0": np.zeros((1, 4), np.float32)}, "F of its input 'f0' is 4, but 5 of 'mel'"),
        (GOOD | {"ids": GOOD["ids"].astype(np.int32)}, "'ids' is int64, not int32"),
        (GOOD | {"mel": GOOD["mel"][:, 1:]}, r"'mel' has shape \(1, 80, 'F'\), not \(1, 79, 5\)"),
        (GOOD | {"mel": GOOD["mel"][0]}, r"not \(80, 5\)"),
    ],
)
def test_anything_else_is_refused_with_the_reason(inputs, message):
    with pytest.raises(EngineError, match=f"graph 'vocoder' cannot be run: .*{message}"):
        check_inputs("vocoder", SPEC, inputs)
