import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.row_conv import RowConv, RowConvTranspose  # noqa: E402

pytestmark = pytest.mark.train
CASES = [
    (RowConv, torch.nn.Conv1d, {"kernel_size": 5, "padding": 4, "dilation": 2}),
    (RowConv, torch.nn.Conv1d, {"kernel_size": 6, "stride": 3, "padding": 1, "bias": False}),
    (RowConv, torch.nn.Conv1d, {"kernel_size": 3, "groups": 2}),
    (RowConvTranspose, torch.nn.ConvTranspose1d, {"kernel_size": 8, "stride": 4, "padding": 2}),
]


@torch.inference_mode()
@pytest.mark.parametrize(("row", "plain", "sizes"), CASES)
def test_a_row_is_convolved_as_a_line_is_with_the_same_weights(row, plain, sizes):
    torch.manual_seed(0)
    line = plain(4, 6, **sizes)
    picture = row(4, 6, **sizes)
    picture.load_state_dict(line.state_dict())
    x = torch.randn(2, 4, 17)
    assert torch.allclose(picture(x[:, :, None])[:, :, 0], line(x), atol=1e-6)
