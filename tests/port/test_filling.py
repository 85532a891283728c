"""Nets take arrays as they lie, read-only ones too, and nothing that does not fit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from tingshuo.port.filling import as_torch, filled  # noqa: E402

pytestmark = pytest.mark.train


def hollow_net() -> nn.Module:
    with torch.device("meta"):
        return nn.Linear(3, 2)


def test_a_net_without_memory_takes_that_of_the_arrays_without_a_word():
    """Torch warns of memory that cannot be written to, once in a process; tests count warnings as errors."""
    tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(2, np.float32)}
    weight = tensors["weight"].view()
    weight.flags.writeable = False
    net = filled(hollow_net(), tensors | {"weight": weight})
    assert not net.training
    tensors["weight"][0, 0] = 7  # the same memory
    assert net.state_dict()["weight"][0].tolist() == [7, 1, 2]


def test_types_become_those_of_the_net():
    halves = filled(hollow_net(), {"weight": np.ones((2, 3), np.float16), "bias": np.zeros(2)})
    assert {tensor.dtype for tensor in halves.state_dict().values()} == {torch.float32}
    assert as_torch(np.arange(3)).dtype == torch.int64


@pytest.mark.parametrize(
    "tensors", [{"weight": (2, 3)}, {"weight": (2, 3), "bias": (3,)}, {"weight": (2, 3), "bias": (2,), "more": (1,)}]
)
def test_what_does_not_fit_is_refused(tensors):
    with pytest.raises(RuntimeError, match=r"bias|more"):
        filled(hollow_net(), {name: np.zeros(shape, np.float32) for name, shape in tensors.items()})
