"""Training in bfloat16, emulated where the processor lacks it: near float32, finite, and exact after an interruption."""

import math

import pytest

torch = pytest.importorskip("torch")

from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.models.layers.discriminators import Critics  # noqa: E402
from tingshuo.train.generator import build_generator  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.loop_config import LoopConfig  # noqa: E402
from tingshuo.train.vocoder import VocoderRecipe  # noqa: E402
from tingshuo.train.vocoder_config import VocoderConfig  # noqa: E402

pytestmark = pytest.mark.train

NEAR = 0.03
"""Of a loss: bfloat16 keeps eight bits, 0.4 % of a number."""


def acoustic(corpus, precision):
    return make_recipe(corpus, [f"loop.precision={precision}", "loop.batch_frames=800"], energy=1, emotions=2)[0]


def vocoder(corpus, precision):
    torch.manual_seed(0)
    sizes = {"dim": 24, "hidden": 48, "layers": 2}
    config = VocoderConfig(family="source_filter", sizes=sizes, batch=2, frames=24, warm_up=0, critics_alone=0)
    critics = Critics((2, 3), (512, 1024), period_channels=(4, 8, 8, 16, 16), resolution_channels=4)
    generator = build_generator(config, corpus[0].config.mel)
    return VocoderRecipe(generator, corpus[0], config, LoopConfig(precision=precision, warm_up=1), critics=critics)


RECIPES = pytest.mark.parametrize("make", [acoustic, vocoder])


@RECIPES
def test_losses_are_finite_and_near_those_of_float32(corpus, make):
    losses = {}
    for precision in ("fp32", "bf16"):
        recipe = make(corpus, precision)
        batches = recipe.batches(0)[:2]
        torch.manual_seed(0)
        losses[precision] = [recipe.step(batch, step) for step, batch in enumerate(batches)]
    assert losses["bf16"] != losses["fp32"]
    for ours, exact in zip(losses["bf16"], losses["fp32"], strict=True):
        assert ours.keys() == exact.keys()
        assert all(math.isfinite(value) for value in ours.values())
        errors = {name: abs(ours[name] - exact[name]) for name in ours if not name.endswith("norm")}
        assert all(error < NEAR * max(1, abs(exact[name])) for name, error in errors.items()), errors


@RECIPES
def test_weights_stay_float32(corpus, make):
    recipe = make(corpus, "bf16")
    recipe.step(recipe.batches(0)[0], 0)
    assert {value.dtype for net in recipe.nets().values() for value in net.state_dict().values()} == {torch.float32}


@RECIPES
def test_a_resumed_training_goes_on_to_the_last_bit(corpus, tmp_path, make):
    def run(folder, steps, resume):
        recipe = make(corpus, "bf16")
        loop = LoopConfig(precision="bf16", warm_up=1, steps=steps, schedule="constant", evaluate_every=2, checkpoint_every=2)
        fit(recipe, folder, loop, {"data": "x"}, resume=resume)
        return recipe.nets()

    whole = run(tmp_path / "whole", 4, False)
    run(tmp_path / "parts", 2, False)
    parts = run(tmp_path / "parts", 4, True)
    for name, net in whole.items():
        other = parts[name].state_dict()
        assert all(torch.equal(value, other[key]) for key, value in net.state_dict().items()), name
