"""Three layers of attention become one."""

import numpy as np
import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.attention import join_attention


def three(**changed: object) -> dict[str, np.ndarray]:
    tensors = {f"a.0.attention.{part}.weight": np.full((2, 3), n) for n, part in enumerate(("query", "key", "value"), 1)}
    tensors |= {"a.0.attention.out.weight": np.zeros((3, 3)), "a.0.attention_norm.bias": np.zeros(3)}
    return tensors | {name: tensor for name, tensor in changed.items() if tensor is not None}  # type: ignore[return-value]


def test_query_key_and_value_follow_each_other() -> None:
    joined = join_attention(three())
    assert list(joined) == ["a.0.attention.query_key_value.weight", "a.0.attention.out.weight", "a.0.attention_norm.bias"]
    np.testing.assert_array_equal(joined["a.0.attention.query_key_value.weight"][:, 0], [1, 1, 2, 2, 3, 3])


@pytest.mark.parametrize("part", ["query", "key", "value"])
def test_one_that_is_missing_is_named(part: str) -> None:
    tensors = three()
    del tensors[f"a.0.attention.{part}.weight"]
    with pytest.raises(PortError, match=f"{part}.*so the checkpoint is not whole"):
        join_attention(tensors)


def test_those_of_other_shapes_do_not_fit() -> None:
    with pytest.raises(PortError, match="have the shapes"):
        join_attention(three(**{"a.0.attention.key.weight": np.zeros((2, 4))}))
