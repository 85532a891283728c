import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import ops, stack

from tingshuo.port.passes.attention import apply
from tingshuo.port.passes.subject import NotApplicableError, Subject
from tingshuo.port.verify import compare

pytestmark = pytest.mark.train


def test_attention_of_queries_keys_and_values_side_by_side_is_one_operator(exported, tensors, inputs):
    one = Subject("encoder", exported["encoder"], tensors)
    fast = apply(one)
    assert "Softmax" not in ops(fast)
    assert "MultiHeadAttention" in ops(fast)
    assert max(compare(fast.open(), inputs["encoder"], one.open().run(inputs["encoder"])).values()) < -100


def test_what_has_none_is_left_alone():
    with pytest.raises(NotApplicableError, match="no attention"):
        apply(stack())
