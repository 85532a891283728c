import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_macs, count_parameters  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("net", "shape", "macs"),
    [
        (torch.nn.Linear(3, 5), (1, 7, 3), 3 * 5 * 7),
        (torch.nn.Conv1d(4, 6, 3, padding=1), (1, 4, 10), 4 * 6 * 3 * 10),
        (torch.nn.Conv1d(4, 4, 7, padding=3, groups=4), (2, 4, 10), 4 * 7 * 10 * 2),
        (torch.nn.ConvTranspose1d(4, 2, 8, 4, padding=2), (1, 4, 10), 4 * 2 * 8 * 10),
        (torch.nn.Conv2d(2, 3, (5, 1), (2, 1), padding=(2, 0)), (1, 2, 8, 3), 2 * 3 * 5 * 4 * 3),
    ],
)
def test_every_layer_is_counted(net, shape, macs):
    assert count_macs(net, torch.zeros(shape)) == macs


def test_parameters_are_counted_once():
    assert count_parameters(torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.LayerNorm(5))) == 15 + 5 + 10
