import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.mel_critics import (  # noqa: E402
    MelCritics,
    mel_adversarial_loss,
    mel_critic_loss,
    mel_matching_loss,
)


def judged(mel, frames=None, bands=None, seed=0):
    torch.manual_seed(seed)
    critics = MelCritics()
    frames = torch.ones(mel.shape[0], mel.shape[2]) if frames is None else frames
    bands = torch.ones(mel.shape[:2]) if bands is None else bands
    return critics, critics(mel, frames, bands)


def mels(batch=2, frames=61, seed=0):
    return torch.randn(batch, 100, frames, generator=torch.Generator().manual_seed(seed)) - 4


@pytest.mark.parametrize("frames", [16, 61, 64])
def test_every_layer_has_weights_of_its_length(frames):
    for verdict in judged(mels(frames=frames))[1]:
        for value, weight in zip([verdict.scores, *verdict.features], verdict.weights, strict=True):
            assert value.shape[3] == weight.shape[3]
            assert torch.all((weight >= 0) & (weight <= 1))


def test_what_lies_beyond_a_clip_or_above_its_bandwidth_is_not_judged():
    mel, other = mels(), mels(seed=1)
    frames, bands = torch.ones(2, 61), torch.ones(2, 100)
    frames[0, 40:] = 0
    bands[1, 85:] = 0
    changed = mel.clone()
    changed[0, :, 40:] = other[0, :, 40:]
    changed[1, 85:] = other[1, 85:]
    losses = [[mel_adversarial_loss(v), mel_matching_loss(v, judged(other, frames, bands)[1])]
              for v in (judged(m, frames, bands)[1] for m in (mel, changed))]  # fmt: skip
    assert losses[0] == losses[1]


def test_losses_of_critics_who_are_right_and_of_those_who_know_nothing():
    verdicts = judged(mels())[1]
    right = (
        [v._replace(scores=torch.ones_like(v.scores)) for v in verdicts],
        [v._replace(scores=torch.zeros_like(v.scores)) for v in verdicts],
    )
    unsure = [v._replace(scores=torch.full_like(v.scores, 0.5)) for v in verdicts]
    assert mel_critic_loss(*right).item() == pytest.approx(0)
    assert mel_critic_loss(unsure, unsure).item() == pytest.approx(0.5)
    assert mel_adversarial_loss(right[0]).item() == pytest.approx(0)
    assert mel_matching_loss(verdicts, verdicts).item() == 0


def test_critics_learn_to_tell_smooth_from_rough():
    rough = mels(4)
    smooth = torch.nn.functional.avg_pool2d(rough, 5, 1, 2)
    critics, _ = judged(rough)
    optimizer = torch.optim.AdamW(critics.parameters(), 2e-3)
    frames, bands = torch.ones(4, 61), torch.ones(4, 100)
    for _ in range(30):
        loss = mel_critic_loss(critics(rough, frames, bands), critics(smooth, frames, bands))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
