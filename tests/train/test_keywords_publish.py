import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.beeps import CONFIG, write_beeps  # noqa: E402

from tingshuo.data.words import read_words  # noqa: E402
from tingshuo.models.keywords.config import KeywordsConfig  # noqa: E402
from tingshuo.models.keywords.net import KeywordsNet  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.store.manifest import Attribution  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.keywords.model import open_keywords  # noqa: E402
from tingshuo.train import keywords_publish  # noqa: E402
from tingshuo.train.keywords_material import gather  # noqa: E402
from tingshuo.train.keywords_publish import cost_of, publish_keywords  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return gather(read_words(write_beeps(tmp_path_factory.mktemp("beeps")), 0.2).rows, CONFIG.fbank, 40)


def net():
    torch.manual_seed(0)
    made = KeywordsNet(KeywordsConfig(rows=4, mels=16, frames=40, dim=12, kernels=(5,), wide=12), learning=True)
    for _ in range(3):
        made(torch.randn(6, 40, 16))
    return made.eval()


def test_a_bundle_is_sound_and_says_what_it_is(material, tmp_path):
    credit = Attribution(work="Beeps", author="a test", licence="CC0-1.0")
    config = CONFIG.replace(bundle=CONFIG.bundle.replace(attributions=(credit,)))
    made = publish_keywords(tmp_path / "bundle", net(), material, config, 80)
    bundle = open_bundle(made, verify=True)
    assert verify_bundle(made).ok
    runs = list(run_golden(bundle))
    assert {run.precision for run in runs} == {"fp32", "int8"}
    assert all(run.ok for run in runs)
    manifest = bundle.manifest
    assert (manifest.task, manifest.family, manifest.sample_rate) == ("keywords", "keywords", 16000)
    assert manifest.attributions == (credit,)
    assert {one.precision: set(one.figures) for one in manifest.measured}["fp32"] >= {"accuracy", "rejected_words"}
    card = (made / "MODELCARD.md").read_text("utf-8")
    assert "Words: high, low, rising." in card
    assert "a test" in card


def test_both_precisions_hear_nearly_the_same(material, tmp_path):
    made = publish_keywords(tmp_path / "bundle", net(), material, CONFIG, 80)
    whole, small = (open_keywords(made, precision=precision) for precision in ("fp32", "int8"))
    for window in material.held_out.windows.numpy():
        assert abs(whole.judge(window) - small.judge(window)).max() < 0.15


def test_without_an_int8_graph_the_card_says_why(material, tmp_path, monkeypatch):
    monkeypatch.setattr(keywords_publish, "INT8_DB", -200.0)
    made = publish_keywords(tmp_path / "bundle", net(), material, CONFIG, 80)
    assert {variant.precision for variant in open_bundle(made).manifest.graphs["keywords"].variants} == {"fp32"}
    assert "There is no int8 graph" in (made / "MODELCARD.md").read_text("utf-8")


def test_the_cost_is_that_of_the_net():
    cost = cost_of(net().folded())
    assert cost.parameters == sum(one.numel() for one in net().folded().parameters())
    assert cost.macs > cost.parameters
    assert cost.ram_bytes >= 40 * 16
