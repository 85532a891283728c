import math

import pytest

torch = pytest.importorskip("torch")

from tests.train.phrases import CONFIG, phrases  # noqa: E402

from tingshuo.models.language.config import LanguageConfig  # noqa: E402
from tingshuo.models.language.net import Language  # noqa: E402
from tingshuo.train.distributed import World  # noqa: E402
from tingshuo.train.language_model_material import gather  # noqa: E402
from tingshuo.train.language_model_recipe import LanguageModelRecipe  # noqa: E402

pytestmark = pytest.mark.train
MATERIAL = gather(phrases(), (), CONFIG)


def recipe(kind="lstm", config=CONFIG, world=None):
    torch.manual_seed(0)
    sizes = config.net.fields() | {"units": len(MATERIAL.characters) + 2, "kind": kind}
    return LanguageModelRecipe(Language(LanguageConfig.check(sizes, "net"), config.dropout), MATERIAL, config, world)


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_every_parameter_learns_and_the_loss_falls(kind):
    one = recipe(kind)
    before = {name: value.clone() for name, value in one.net.named_parameters()}
    first, last = [one.step(one.batches(0)[n % 3], n)["loss"] for n in range(12)][::11]
    assert last < first
    assert not [name for name, value in one.net.named_parameters() if torch.equal(value, before[name])]


def test_batches_follow_from_seed_and_epoch_and_hold_every_sentence_once():
    one, other = recipe(), recipe()
    assert [batch.tolist() for batch in one.batches(3)] == [batch.tolist() for batch in other.batches(3)]
    assert sorted(row for batch in one.batches(1) for row in batch.tolist()) == list(range(len(MATERIAL.taught)))
    shared = [recipe(world=World(rank, 2)).batches(1) for rank in range(2)]
    assert sorted(row for own in shared for batch in own for row in batch.tolist()) == list(range(len(MATERIAL.taught)))
    assert one.describe(one.batches(0)[0]).count(", ") == len(one.batches(0)[0]) - 1


@torch.no_grad()
def test_a_loss_is_that_of_units_and_ends_whatever_lies_beside_them():
    one = recipe()
    one.net.eval()
    short, long = sorted(MATERIAL.taught, key=len)[:: len(MATERIAL.taught) - 1]
    alone = [one._loss([row]) for row in (short, long)]
    total, count = one._loss([short, long])
    assert float(total) == pytest.approx(sum(float(loss) for loss, _ in alone), rel=1e-4)
    assert int(count) == len(short) + len(long) + 2


def test_what_is_held_out_is_judged_beside_the_ngram_model():
    one = recipe()
    held = one.evaluate()
    assert list(held) == ["loss", "perplexity", "ngram_perplexity"]
    assert held["perplexity"] == pytest.approx(math.exp(held["loss"]))
    assert held["ngram_perplexity"] == pytest.approx(MATERIAL.ngram_perplexity(MATERIAL.choosing))
    assert held["loss"] == pytest.approx(math.log(len(MATERIAL.characters) + 2), rel=0.2)
