"""Critics of mels beside an acoustic training."""

import pytest

torch = pytest.importorskip("torch")

from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402

pytestmark = pytest.mark.train

SHARP = ("acoustic.adversarial_weight=0.5", "acoustic.matching_weight=1.0", "loop.batch_frames=300", "loop.warm_up=0")


def test_without_weights_there_are_no_critics(corpus):
    recipe, _ = make_recipe(corpus)
    assert set(recipe.nets()) == set(recipe.optimizers()) == {"acoustic"}


def test_both_sides_learn(corpus):
    recipe, _ = make_recipe(corpus, SHARP)
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in recipe.nets().items()}
    losses = recipe.step(recipe.batches(0)[0], 0)
    assert {"adversarial", "matching", "critics"} <= losses.keys()
    for name in ("critics", "acoustic"):
        after = list(recipe.nets()[name].parameters())
        assert any(not torch.equal(a, b) for a, b in zip(before[name], after, strict=True)), name


def test_the_decoder_hears_the_critics_and_the_encoder_through_it(corpus):
    """One step from the same weights ends elsewhere with critics, in what makes mels alone."""
    nets = []
    for settings in (SHARP, SHARP[2:]):
        recipe, _ = make_recipe(corpus, settings)
        recipe.step(recipe.batches(0)[0], 0)
        nets.append(dict(recipe.net.named_parameters()))
    moved = {name for name, value in nets[0].items() if not torch.equal(value, nets[1][name])}
    assert "mel.weight" in moved
    assert "phoneme.weight" in moved


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(corpus, tmp_path):
    ends = {}
    for name, stops in (("whole", (6,)), ("parted", (3, 6))):
        for part, steps in enumerate(stops):
            recipe, config = make_recipe(corpus, [*SHARP, "loop.schedule=constant", "loop.threads=1"])
            loop = config.loop.replace(steps=steps, log_every=1)
            fit(recipe, tmp_path / name, loop, {}, resume=part > 0)
        ends[name], _ = load_checkpoint(tmp_path / name)
    assert [key for key, value in ends["whole"].items() if not torch.equal(value, ends["parted"][key])] == []
    assert any(key.startswith("critics") for key in ends["whole"])
