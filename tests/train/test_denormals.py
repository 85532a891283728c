import pytest

torch = pytest.importorskip("torch")

from tingshuo.train.denormals import flushed_denormals  # noqa: E402

pytestmark = pytest.mark.train


def tiny():
    return float((torch.full((64,), 1e-38) * 1e-3).max())


def test_tiny_numbers_are_nothing_within_and_something_again_behind():
    @flushed_denormals()
    def within():
        return tiny()

    assert within() == 0
    assert tiny() > 0
    with pytest.raises(ValueError, match="x"), flushed_denormals():
        raise ValueError("x")
    assert tiny() > 0
