"""Every family learns, critics do not idle, a resumed training goes on to the last bit, and a joint step reaches the decoder."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.errors import ConfigError, TrainError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.models.layers.discriminators import Critics  # noqa: E402
from tingshuo.models.layers.mel import log_mel  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.train.examples import bandwidth_weight  # noqa: E402
from tingshuo.train.generator import build_generator  # noqa: E402
from tingshuo.train.joint import DecoderMels  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.loop_config import LoopConfig  # noqa: E402
from tingshuo.train.vocoder import VocoderRecipe  # noqa: E402
from tingshuo.train.vocoder_config import VocoderConfig  # noqa: E402

pytestmark = pytest.mark.train

SIZES = {
    "source_filter": {"dim": 24, "hidden": 48, "layers": 2},
    "vocos": {"dim": 24, "hidden": 48, "layers": 2},
    "hifigan": {name: value for name, value in LIGHT.replace(channels=16).fields().items() if name != "mels"},
}


def vocoder_recipe(corpus, family="source_filter", *, joint=False, rate=1e-3, **settings):
    torch.manual_seed(0)
    usual = {"critics_alone": 0, "batch": 4, "frames": 24, "warm_up": 0}
    config = VocoderConfig(family=family, sizes=SIZES[family], **usual | settings)
    loop = LoopConfig(rate=rate, precision="fp32", warm_up=1, steps=400, log_every=1, evaluate_every=3, checkpoint_every=3)
    own = None
    if joint:
        acoustic, _ = make_recipe(corpus)
        own = DecoderMels(acoustic.net, *corpus, acoustic.tables)
    critics = Critics((2, 3), (512, 1024), period_channels=(4, 8, 8, 16, 16), resolution_channels=4)
    return VocoderRecipe(build_generator(config, corpus[0].config.mel), corpus[0], config, loop, joint=own, critics=critics)


@pytest.mark.parametrize("family", SIZES)
def test_a_step_teaches_every_parameter_of_both_sides(corpus, family):
    recipe = vocoder_recipe(corpus, family, periods=2, resolutions=2)
    sides = {"generator": recipe.generator, "critics": recipe.critics}
    before = {(side, name): p.detach().clone() for side, net in sides.items() for name, p in net.named_parameters()}
    losses = recipe.step(recipe.batches(0)[0], 0)
    assert {"mel", "linear", "critics", "adversarial", "matching", "gradient_norm", "critics_norm"} == losses.keys()
    assert all(np.isfinite(value) for value in losses.values())
    for side, net in sides.items():
        for name, parameter in net.named_parameters():
            assert parameter.grad is not None, (side, name)
            assert parameter.grad.any() or name.endswith("out.bias"), (side, name)  # there the hinges of both sides may cancel
            assert not torch.equal(parameter, before[side, name]) or name.endswith("out.bias"), (side, name)


def test_the_generators_gradient_is_that_of_its_own_loss_alone(corpus):
    """Taken in two steps, at the wave and from there on, and with critics that learn from the same judgements."""
    recipe = vocoder_recipe(corpus, "vocos", periods=2, resolutions=2)
    segments = recipe._segments(recipe.batches(0)[0])
    from tingshuo.models.layers.discriminators import adversarial_loss, matching_loss
    from tingshuo.models.layers.spectral import spectra_of, spectral_losses

    fake = recipe.generator.synthesize(segments.mel)
    ours, theirs = spectra_of(fake), spectra_of(segments.wav)
    mel, linear = spectral_losses(ours, theirs, 24000)
    of_real, of_fake = recipe.critics(segments.wav, theirs.complex), recipe.critics(fake, ours.complex)
    loss = 15 * mel + 4 * linear + adversarial_loss(of_fake) + 2 * matching_loss(of_real, of_fake)
    expected = torch.autograd.grad(loss, list(recipe.generator.parameters()))
    norm = float(torch.stack([gradient.norm() for gradient in expected]).norm())
    assert recipe.step(recipe.batches(0)[0], 0)["gradient_norm"] == pytest.approx(norm, rel=1e-3)


def test_critics_wait_for_the_warm_up(corpus):
    recipe = vocoder_recipe(corpus, warm_up=2)
    batch = recipe.batches(0)[0]
    before = [parameter.clone() for parameter in recipe.critics.parameters()]
    assert "critics" not in recipe.step(batch, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, recipe.critics.parameters(), strict=True))
    assert "critics" in recipe.step(batch, 2)


def test_critics_learn(corpus):
    recipe = vocoder_recipe(corpus, periods=2, resolutions=2, rate=4e-4)
    batches = recipe.batches(0) + recipe.batches(1) + recipe.batches(2) + recipe.batches(3)
    losses = [recipe.step(batches[step % len(batches)], step)["critics"] for step in range(36)]
    assert np.mean(losses[-6:]) < 1.7 < 2 < np.mean(losses[:3]), losses


@pytest.mark.parametrize(
    ("family", "steps", "reached"), [("source_filter", 100, 0.3), ("vocos", 100, 0.45), ("hifigan", 100, 0.8)]
)
def test_a_tiny_net_overfits_one_clip(corpus, family, steps, reached):
    recipe = vocoder_recipe(corpus, family, warm_up=10**9, rate=4e-3)
    row = np.array([[2, 8]] * 2)
    losses = [recipe.step(row, step)["mel"] for step in range(steps)]
    assert np.mean(losses[-5:]) < reached < losses[0]


def test_a_joint_step_teaches_the_decoder_and_compares_within_the_recordings_bandwidth(corpus):
    recipe = vocoder_recipe(corpus, joint=True)
    assert recipe.joint is not None
    decoder = {name: p.detach().clone() for name, p in recipe.joint.net.named_parameters()}
    losses = [recipe.step(batch, step) for step, batch in enumerate(recipe.batches(0)[:3])]
    assert all(np.isfinite(value) for loss in losses for value in loss.values())
    assert {"blur", "upper"} <= losses[0].keys()
    moved = {name.split(".")[0] for name, p in recipe.joint.net.named_parameters() if not torch.equal(p, decoder[name])}
    assert moved == {"decoder", "decoder_in", "decoder_norm", "mel", "pitch_embedding", "speaker"}
    assert recipe.nets().keys() == {"generator", "critics", "acoustic"}


def test_a_band_above_the_recordings_is_not_judged_where_the_mel_is_predicted(corpus):
    recipe = vocoder_recipe(corpus, joint=True)
    time = torch.arange(24 * 256) / 24000
    wav = (torch.sin(2 * torch.pi * 1000 * time) + torch.sin(2 * torch.pi * 11000 * time)).repeat(2, 1)
    heard = recipe._heard(wav, torch.tensor([8000.0, 8000.0]), 1)
    assert torch.equal(heard[1], wav[1])
    assert (heard[0] - torch.sin(2 * torch.pi * 1000 * time))[1000:-1000].abs().max() < 0.01


def test_above_the_bandwidth_a_wave_is_held_to_the_mel_that_it_is_made_from(corpus):
    recipe = vocoder_recipe(corpus, joint=True)
    mel = recipe.features.config.mel
    rows = recipe.batches(0)[0][:1]
    clip = recipe._own_clips[rows[0, 0]]
    recipe._bands[clip.id] = torch.from_numpy(bandwidth_weight(mel, 8000))
    wav = 0.1 * torch.randn(1, 24 * 256)
    seen = log_mel(wav, mel)
    below, above = seen.clone(), seen.clone()
    below[:, :83] += 1  # bands that end below 7360 Hz
    above[:, 87:] += 1
    assert recipe._upper(rows, seen, wav) == 0
    assert recipe._upper(rows, below, wav) == 0
    assert recipe._upper(rows, above, wav) == pytest.approx(13 / 100)
    recipe._bands[clip.id] = torch.ones(mel.n_mels)
    assert recipe._upper(rows, above, wav) == 0


def test_batches_are_a_function_of_seed_and_epoch(corpus):
    recipe = vocoder_recipe(corpus)
    first, again, later = recipe.batches(0), recipe.batches(0), recipe.batches(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, later, strict=True))
    assert all(recipe.clips[index].split == "train" for batch in first for index in batch[:, 0])
    assert recipe.describe(first[0]).count("c") == 4


@pytest.mark.parametrize("joint", [False, True], ids=["alone", "joint"])
def test_a_resumed_training_goes_on_to_the_last_bit(corpus, tmp_path, joint):
    def run(folder, steps, resume):
        recipe = vocoder_recipe(corpus, joint=joint)
        fit(recipe, folder, recipe.loop.replace(steps=steps, schedule="constant"), {"data": "x"}, resume=resume)
        return recipe

    whole = run(tmp_path / "whole", 5, False)
    run(tmp_path / "parts", 2, False)
    parts = run(tmp_path / "parts", 5, True)
    for name, net in whole.nets().items():
        other = parts.nets()[name].state_dict()
        assert all(torch.equal(value, other[key]) for key, value in net.state_dict().items()), name


def test_evaluation_is_repeatable_and_falls(corpus):
    recipe = vocoder_recipe(corpus, warm_up=10**9, rate=4e-3)
    first, again = recipe.evaluate(), recipe.evaluate()
    assert first == again
    assert list(first) == ["mel", "linear"]
    for step, batch in enumerate(recipe.batches(0) * 4):
        recipe.step(batch, step)
    assert recipe.evaluate()["mel"] < 0.8 * first["mel"]


def test_what_does_not_fit_is_refused(corpus):
    sizes = SourceFilterConfig(hop_length=128, n_fft=512)
    with pytest.raises(ConfigError, match="128 samples, one of the features is 256"):
        VocoderRecipe(SourceFilter(sizes), corpus[0], VocoderConfig(frames=24), LoopConfig())
    with pytest.raises(TrainError, match="names 'nobody'"):
        vocoder_recipe(corpus, shares={"nobody": 0.5})


def test_critics_that_are_new_learn_alone_until_they_know_the_vocoder(corpus):
    recipe = vocoder_recipe(corpus, critics_alone=2)
    batch = recipe.batches(0)[0]

    def learnt(net, step):
        before = [parameter.detach().clone() for parameter in net.parameters()]
        losses = recipe.step(batch, step)
        return losses, any(not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))

    assert learnt(recipe.generator, 0)[1] is False
    losses, moved = learnt(recipe.critics, 1)
    assert moved
    assert {"critics", "critics_norm", "mel"} <= losses.keys()
    assert "gradient_norm" not in losses
    assert learnt(recipe.generator, 2)[1] is True


def test_a_joint_training_learns_from_train_clips_and_is_judged_on_predicted_mels(corpus):
    alone, joint = vocoder_recipe(corpus), vocoder_recipe(corpus, joint=True)
    assert all(joint.joint.clips[index].split == "train" for batch in joint.batches(0) for index in batch[:2, 0])
    with torch.no_grad():
        joint.joint.net.mel.bias.add_(2.0)
    assert joint.evaluate()["mel"] != alone.evaluate()["mel"]
