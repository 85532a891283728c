import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.numpy import save_file  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.states import numbers_of, open_state  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth"])
def test_both_kinds_of_file_are_read_alike(tmp_path, name):
    value = np.arange(6, dtype=np.float16).reshape(2, 3)
    if name.endswith(".safetensors"):
        save_file({"net.a.weight": value, "other": value}, tmp_path / name)
    else:
        torch.save({"net": {"a.weight": torch.from_numpy(value)}, "other": torch.from_numpy(value), "epoch": 3}, tmp_path / name)
    with open_state(tmp_path / name) as state:
        assert set(state.tensors) == {"net.a.weight", "other"}
        assert state.shape("net.a.weight") == (2, 3)
        assert state.shape("nothing") == ()
        assert state.begins("net.")
        assert not state.begins("a.")
        assert np.array_equal(numbers_of(state.tensors["other"]), value)
        folded = state.folded("net.")
    assert list(folded) == ["a.weight"]
    assert folded["a.weight"].dtype == np.float32


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"\x08" * 100)
    with pytest.raises(PortError, match=r"model\.safetensors"), open_state(tmp_path / "model.safetensors"):
        pass


def test_half_of_a_weight_norm_is_named(tmp_path):
    torch.save({"a.weight_g": torch.ones(2, 1)}, tmp_path / "g.pth")
    with open_state(tmp_path / "g.pth") as state, pytest.raises(PortError, match=r"g\.pth: a: weight norm has one half"):
        state.folded()
