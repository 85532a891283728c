"""Dropout: the right share at nought, the mean kept, the same for the same seed."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.dropout import Dropout  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize("probability", [0.1, 0.2, 0.5])
def test_so_many_features_go_and_the_mean_stays(probability):
    torch.manual_seed(0)
    x = torch.ones(200, 1003)
    y = Dropout(probability)(x)
    share = round(256 * probability) / 256
    assert float((y == 0).float().mean()) == pytest.approx(share, abs=0.004)
    assert y.unique().tolist() == pytest.approx([0, 1 / (1 - share)])
    assert float(y.mean()) == pytest.approx(1, abs=0.006)


def test_neighbours_are_dropped_independently():
    torch.manual_seed(0)
    gone = (Dropout(0.5)(torch.ones(4096, 64)) == 0).float()
    together = (gone.T @ gone) / len(gone)
    together.fill_diagonal_(0.25)
    assert float((together - 0.25).abs().max()) < 0.04


def test_the_gradient_is_that_of_what_stays():
    x = torch.randn(7, 5, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(y == 0, 0.0, 256 / (256 - 77)))


def test_the_seed_decides():
    x = torch.ones(33)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(Dropout(0.5)(x))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_nothing_is_dropped_in_use():
    x = torch.randn(3, 4)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    with pytest.raises(AssertionError):
        Dropout(1.0)


def test_half_precision_stays():
    assert Dropout(0.2)(torch.ones(9, dtype=torch.bfloat16)).dtype == torch.bfloat16
