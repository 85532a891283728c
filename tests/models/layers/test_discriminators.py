import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.discriminators import (  # noqa: E402
    Critics,
    Judgement,
    PeriodCritic,
    adversarial_loss,
    critic_loss,
    matching_loss,
)
from tingshuo.models.layers.spectral import spectra_of  # noqa: E402

pytestmark = pytest.mark.train


def speechlike(size=6144, rows=2):
    torch.manual_seed(1)
    return 0.15 * torch.randn(rows, size)


@pytest.fixture(scope="module")
def critics():
    torch.manual_seed(0)
    return Critics()


def test_every_parameter_of_every_critic_learns():
    torch.manual_seed(0)
    critics = Critics(period_channels=(4, 4, 8, 8, 8), resolution_channels=4)
    real, fake = speechlike(), 0.5 * speechlike().flip(1)
    of_real, of_fake = critics(real, spectra_of(real).complex), critics(fake, spectra_of(fake).complex)
    # The hinges of the two sides may cancel in the last bias; another half of one side keeps them apart.
    (critic_loss(of_real, of_fake) + 0.5 * adversarial_loss(of_fake)).backward()
    for name, parameter in critics.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@torch.inference_mode()
def test_a_signal_keeps_its_level_through_every_layer(critics):
    wav = speechlike()
    for judgement in critics(wav, spectra_of(wav).complex):
        levels = [float(features.float().square().mean().sqrt()) for features in judgement.features]
        assert min(levels) > 0.1, levels
        assert max(levels) < 10, levels


def test_the_first_product_of_a_period_critic_is_its_convolution():
    torch.manual_seed(0)
    critic, wav = PeriodCritic(3, (4, 4)), speechlike(4001)
    folded = 5 * torch.nn.functional.pad(wav[:, None], (0, 1), "reflect").view(2, 1, -1, 3)
    expected = torch.nn.functional.leaky_relu(critic.convs[0](folded), 0.1)
    assert torch.allclose(critic(wav).features[0].transpose(2, 3), expected, atol=1e-5)


def test_turned_pictures_give_what_the_convolutions_say():
    """A critic of period, layer by layer as its paper has it: rows of P samples, kernels down the columns."""
    torch.manual_seed(0)
    critic, wav = PeriodCritic(5, (4, 8, 4)), speechlike(4000)
    x = 5 * wav.view(2, 1, -1, 5)
    for conv, seen in zip(critic.convs, critic(wav).features, strict=True):
        x = torch.nn.functional.leaky_relu(conv(x), 0.1)
        assert torch.allclose(seen.transpose(2, 3), x, atol=1e-5)


def test_features_of_all_critics_lie_channels_last(critics):
    wav = speechlike()
    for judgement in critics(wav, spectra_of(wav).complex):
        assert all(features.is_contiguous(memory_format=torch.channels_last) for features in judgement.features)


def test_gradients_reach_the_wave_through_both_kinds(critics):
    for chosen in (critics.periods, critics.resolutions):
        wav = speechlike().requires_grad_()
        adversarial_loss(critics(wav, spectra_of(wav).complex, list(chosen))).backward()
        assert wav.grad is not None
        assert wav.grad[:, 2000:4000].abs().mean() > 0


def test_edges_are_not_looked_at(critics):
    wav = speechlike()
    changed = wav.clone()
    changed[:, :200] += 0.1 * torch.randn(2, 200)
    with torch.inference_mode():
        pairs = list(zip(critics(wav, spectra_of(wav).complex), critics(changed, spectra_of(changed).complex), strict=True))
    same = [torch.allclose(a.scores, b.scores, atol=1e-4) for a, b in pairs]
    assert same == [True] * 5 + [False, True, True]  # the longest frames reach from their centres to the ends


def test_losses_of_known_scores():
    def says(*scores):
        return [Judgement(torch.tensor([scores]), [torch.tensor(scores)])]

    assert float(critic_loss(says(0.0, 0.0), says(0.0, 0.0))) == 2
    assert float(critic_loss(says(2.0, 1.0), says(-1.0, -3.0))) == 0
    assert float(adversarial_loss(says(0.0, 3.0))) == 0.5
    assert float(matching_loss(says(1.0, 2.0), says(3.0, 2.0))) == 1


def test_matching_holds_recordings_fixed():
    real = torch.ones(3, requires_grad=True)
    matching_loss([Judgement(real, [real])], [Judgement(real, [torch.zeros(3, requires_grad=True)])]).backward()
    assert real.grad is None


def test_a_subset_is_drawn_from_both_kinds_and_depends_on_the_seed_alone(critics):
    drawn = [critics.choose(np.random.default_rng(seed), 2, 2) for seed in (0, 0, *range(1, 9))]
    assert drawn[0] == drawn[1]
    assert all(len(set(chosen)) == 4 for chosen in drawn)
    assert len({tuple(map(id, chosen)) for chosen in drawn}) > 3
    assert set(critics.choose(np.random.default_rng(0), 9, 9)) == set(critics.all)
