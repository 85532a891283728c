import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.language.config import LanguageConfig  # noqa: E402
from tingshuo.models.language.net import STATES, Language  # noqa: E402

pytestmark = pytest.mark.train
KINDS = ("lstm", "transformer")


def net(kind, dropout=0.0):
    torch.manual_seed(0)
    return Language(LanguageConfig(kind=kind, units=9, dim=8, layers=2, heads=2, hidden=12), dropout)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_a_unit_sees_those_before_it_alone(kind):
    one = net(kind).eval()
    text = torch.tensor([[0, 3, 4, 5, 6]])
    logits, _ = one(text)
    changed, _ = one(torch.tensor([[0, 3, 4, 8, 7]]))
    torch.testing.assert_close(changed[:, :3], logits[:, :3])
    assert not torch.allclose(changed[:, 3:], logits[:, 3:])


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_step_by_step_is_the_whole(kind):
    one = net(kind).eval()
    text = torch.tensor([[0, 3, 4, 5], [0, 8, 2, 1]])
    whole, last = one(text)
    state, steps = one.start(2), []
    assert len(state) == len(STATES[kind])
    for n in range(text.shape[1]):
        logits, state = one(text[:, n : n + 1], state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, 1), whole)
    for ours, theirs in zip(state, last, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns(kind):
    one = net(kind, dropout=0.1).train()
    logits, _ = one(torch.tensor([[0, 3, 4, 5]]))
    logits.square().sum().backward()
    assert not [name for name, value in one.named_parameters() if value.grad is None or not value.grad.any()]


def test_the_order_of_units_matters_to_a_transformer():
    one = net("transformer").eval()
    with torch.inference_mode():
        first, _ = one(torch.tensor([[3, 4, 5]]))
        other, _ = one(torch.tensor([[4, 3, 5]]))
    assert not torch.allclose(first[:, -1], other[:, -1], atol=1e-5)
