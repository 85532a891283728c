"""Vectors of codes are added, norms depend on the bandwidth, and all else is a Vocos."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.cost import count_parameters  # noqa: E402
from tingshuo.models.vocos.codes import CodeVocos  # noqa: E402
from tingshuo.models.vocos.config import CodeVocosConfig  # noqa: E402
from tingshuo.models.vocos.net import AdaptiveNorm, Vocos  # noqa: E402

pytestmark = pytest.mark.train
TINY = CodeVocosConfig(codebooks=3, codebook_size=5, code_dim=6, bandwidths=2, n_fft=16, hop_length=4, dim=8, hidden=12, layers=2)
HEADERS_BYTES = 30_000
"""Of a file of torch with as many tensors, at most."""


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = CodeVocos(TINY).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return net


@torch.inference_mode()
def test_every_codebook_has_its_own_vectors(net):
    codes = torch.tensor([[[0, 4, 2], [1, 4, 0]], [[3, 3, 3], [2, 1, 0]]])
    table = net.codebooks.weight
    for batch in range(2):
        expected = torch.stack([table[codes[batch, 0, f]] + table[5 + codes[batch, 1, f]] for f in range(3)], 1)
        torch.testing.assert_close(net.features(codes)[batch], expected)


@torch.inference_mode()
def test_a_norm_scales_and_shifts_by_its_row():
    norm = AdaptiveNorm(3, 4)
    norm.scale.weight[:], norm.shift.weight[:] = torch.arange(12.0).view(3, 4), torch.arange(12.0).view(3, 4) - 7
    x = torch.randn(2, 5, 4)
    plain = (x - x.mean(2, keepdim=True)) / torch.sqrt(x.var(2, unbiased=False, keepdim=True) + 1e-6)
    expected = torch.stack(
        [plain[0] * norm.scale.weight[2] + norm.shift.weight[2], plain[1] * norm.scale.weight[0] - 7 + torch.arange(4.0)]
    )
    torch.testing.assert_close(norm(x, torch.tensor([2, 0])), expected, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_with_a_row_at_hand_it_is_the_vocos_whose_norms_have_these_scales(net):
    for row in range(2):
        plain = Vocos(TINY.vocos).eval()
        state = {name: one.clone() for name, one in net.state_dict().items() if name != "codebooks.weight"}
        for name in [name for name in state if name.endswith(("norm.scale.weight", "norm.shift.weight"))]:
            ours = name.replace("scale.weight", "weight").replace("shift.weight", "bias")
            state[ours] = state.pop(name)[row]
        plain.load_state_dict(state)
        codes = torch.randint(0, 5, (1, 2, 7))
        for mine, expected in zip(net(codes, torch.tensor([row])), plain(net.features(codes)), strict=True):
            torch.testing.assert_close(mine, expected)


@torch.inference_mode()
def test_items_of_a_batch_have_bandwidths_of_their_own(net):
    codes, rows = torch.randint(0, 5, (2, 3, 7)), torch.tensor([1, 0])
    both = net(codes, rows)
    for item in range(2):
        for mine, expected in zip(net(codes[item : item + 1], rows[item : item + 1]), both, strict=True):
            torch.testing.assert_close(mine[0], expected[item])
    assert not torch.allclose(net(codes[:1], rows[1:])[0], both[0][:1])


def test_the_public_one_is_as_large_as_its_file():
    """pytorch_model.bin of vocos-encodec-24khz has 40,356,199 bytes: these parameters, a window, and a header for each."""
    config = CodeVocosConfig()
    held = 4 * (count_parameters(CodeVocos(config)) + config.n_fft)
    assert held < 40_356_199 < held + HEADERS_BYTES
