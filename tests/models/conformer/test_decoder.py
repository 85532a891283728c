import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.decoder import Decoder  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = ConformerConfig(units=6, dim=8, decoder_heads=2, decoder_hidden=12)
HEARD = torch.randn(1, 9, 8, generator=torch.Generator().manual_seed(0))


def decoder(**changes):
    torch.manual_seed(0)
    return Decoder(CONFIG.replace(**changes), 2).eval()


@torch.inference_mode()
@pytest.mark.parametrize("norm_first", [True, False])
def test_a_unit_depends_on_those_before_it_alone(norm_first):
    net = decoder(decoder_norm_first=norm_first)
    before, units = torch.tensor([[5, 1, 2, 3], [5, 1, 2, 0]]), torch.tensor([[1, 2, 3, 5], [1, 2, 5, 0]])
    both = net(HEARD, before, units)
    assert torch.equal(both[0, :2], both[1, :2])
    alone = net(HEARD, before[1:, :3], units[1:, :3])
    assert torch.allclose(both[1, :3], alone[0], atol=1e-6), "what fills up a short text does not matter"
    changed = net(HEARD + 1, before, units)
    assert not torch.allclose(changed, both, atol=1e-3), "it listens"


@torch.inference_mode()
def test_the_units_share_what_is_likely():
    net = decoder()
    before = torch.tensor([[5, 1]]).expand(6, 2)
    units = torch.arange(6)[:, None].expand(6, 2)
    assert net(HEARD, before, units).exp().sum(0).tolist() == pytest.approx([1, 1], abs=1e-5)


@torch.inference_mode()
def test_places_are_added_to_units_that_are_scaled():
    net, seen = decoder(), []
    net.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(HEARD, torch.tensor([[3, 3]]), torch.tensor([[3, 3]]))
    first = net.unit.weight[3] * 8**0.5 + torch.tensor([0.0, 1.0] * 4)
    assert torch.allclose(seen[0][0, 0], first, atol=1e-6)
    assert not torch.allclose(seen[0][0, 1], first, atol=1e-2)
