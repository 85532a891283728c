import pytest

torch = pytest.importorskip("torch")

from tests.train.beeps import CONFIG, write_beeps  # noqa: E402

from tingshuo.data.words import read_words  # noqa: E402
from tingshuo.models.keywords.config import KeywordsConfig  # noqa: E402
from tingshuo.models.keywords.net import KeywordsNet  # noqa: E402
from tingshuo.train.keywords_material import gather  # noqa: E402
from tingshuo.train.keywords_recipe import KeywordsRecipe, judge  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return gather(read_words(write_beeps(tmp_path_factory.mktemp("beeps")), 0.2).rows, CONFIG.fbank, 40)


def recipe(material, config=CONFIG):
    torch.manual_seed(0)
    sizes = KeywordsConfig.check(config.net.fields() | {"rows": 4, "mels": 16}, "net")
    return KeywordsRecipe(KeywordsNet(sizes, learning=True, dropout=0.1), material, config)


def test_every_parameter_gets_a_gradient(material):
    one = recipe(material)
    before = {name: value.clone() for name, value in one.net.named_parameters()}
    losses = one.step(one.batches(0)[0], 0)
    assert set(losses) == {"loss", "error", "gradient_norm"}
    assert not [name for name, value in one.net.named_parameters() if torch.equal(value, before[name])]


def test_batches_follow_from_seed_and_epoch(material):
    one, other = recipe(material), recipe(material)
    assert [batch.tolist() for batch in one.batches(3)] == [batch.tolist() for batch in other.batches(3)]
    assert one.batches(0)[0].tolist() != one.batches(1)[0].tolist()
    assert [len(batch) for batch in one.batches(0)] == [12, 12]
    assert one.describe(one.batches(0)[0]).count(", ") == 11


def test_fewer_clips_than_a_batch_are_one_batch(material):
    (batch,) = recipe(material, CONFIG.replace(batch=100)).batches(0)
    assert sorted(batch) == list(range(30))


def test_windows_without_a_word_are_learnt_beside_the_words(material):
    one = recipe(material, CONFIG.replace(nothing=0.5))
    windows, labels = one._windows(torch.arange(12))
    assert windows.shape == (18, 40, 16)
    assert labels.tolist()[12:] == [3] * 6
    windows, labels = recipe(material, CONFIG.replace(nothing=0.0))._windows(torch.arange(12))
    assert len(windows) == len(labels) == 12


def test_held_out_clips_are_judged_without_a_trace(material):
    one = recipe(material)
    before = {name: value.clone() for name, value in one.net.state_dict().items()}
    held = one.evaluate()
    assert list(held) == ["loss", "error"]
    assert judge(one.net, material.held_out).shape == (6, 4)
    assert all(torch.equal(value, before[name]) for name, value in one.net.state_dict().items())
