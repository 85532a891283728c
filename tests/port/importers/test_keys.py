"""Every tensor of a checkpoint has a place in the net, or the import says which has not."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.port.importers.keys import fit, fold_weight_norm, rename

Arrays = dict[str, NDArray[Any]]


def as_they_are(tensors: Arrays) -> Arrays:
    return fold_weight_norm(tensors, read=lambda tensor: tensor)


@pytest.mark.parametrize(
    "names", [("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1")]
)
def test_length_and_direction_make_the_weight(names: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    direction, length = rng.normal(size=(4, 3, 5)).astype(np.float32), rng.normal(size=(4, 1, 1)).astype(np.float32)
    tensors = {f"up.{names[0]}": length, f"up.{names[1]}": direction, "up.bias": np.ones(4, np.float16), "n": np.array([3])}
    folded = as_they_are(tensors)
    assert list(folded) == ["up.weight", "up.bias", "n"]
    assert folded["up.bias"].dtype == np.float32
    assert folded["n"].dtype.kind == "i"
    expected = [length[i] * direction[i] / np.linalg.norm(direction[i]) for i in range(4)]
    np.testing.assert_allclose(folded["up.weight"], expected, rtol=1e-6)


def test_half_a_pair_is_not_a_weight() -> None:
    with pytest.raises(PortError, match="up: weight norm has one half of its pair alone"):
        as_they_are({"up.weight_g": np.ones((4, 1, 1))})


def test_torch_agrees() -> None:
    torch = pytest.importorskip("torch")
    conv = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(3, 2, 4))
    conv.parametrizations.weight.original0.data.mul_(1.7)
    state = {f"c.{name}": tensor.detach().numpy() for name, tensor in conv.state_dict().items()}
    np.testing.assert_allclose(as_they_are(state)["c.weight"], conv.weight.detach().numpy(), rtol=1e-6)


def test_names_become_ours() -> None:
    tensors = {"dec.ups.0.weight": np.zeros(1), "other": np.ones(1)}
    rules = [(r"dec\.ups\.(\d)\.(weight|bias)", r"ups.\1.\2")]
    assert list(rename(tensors, rules)) == ["ups.0.weight", "other"]
    with pytest.raises(PortError, match="two tensors of the checkpoint are our 'other'"):
        rename(tensors, [("dec.*", "other")])


def test_what_does_not_fit_is_counted_and_named() -> None:
    tensors = {"a": np.zeros((2, 3)), "b": np.zeros(4), "enc_q.x": np.zeros(1), "c": np.zeros(1)}
    with pytest.raises(PortError) as raised:
        fit(tensors, {"a": (2, 2), "d": (1,), "b": (4,)}, unused=["enc_q."])
    assert str(raised.value) == (
        "the tensors do not fit the net: 1 missing: d; 1 without a place: c; 1 of another shape: a is (2, 3) instead of (2, 2)"
    )
    fitted = fit(tensors, {"b": (4,), "a": (2, 3), "c": (1,)}, unused=["enc_q."])
    assert (list(fitted.tensors), fitted.report.n_used, fitted.report.left_out) == (["b", "a", "c"], 3, ("enc_q.x",))
