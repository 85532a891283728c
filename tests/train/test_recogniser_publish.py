"""The bundle of a net that hears characters: without words, with what it is owed, judged on what was held out."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.chimes import SMALL, write_chimes  # noqa: E402

from tingshuo.data.utterance import read_manifest  # noqa: E402
from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.net import Conformer  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.recognise.hearing import open_recogniser  # noqa: E402
from tingshuo.train.recogniser_base import Base, open_base  # noqa: E402
from tingshuo.train.recogniser_config import read_recogniser_config  # noqa: E402
from tingshuo.train.recogniser_material import gather  # noqa: E402
from tingshuo.train.recogniser_publish import Made, judged, publish_recogniser  # noqa: E402

pytestmark = pytest.mark.train
CREDIT = {"work": "Chimes", "author": "nobody", "licence": "CC0-1.0", "url": "https://example.org"}
OWN = ["units=characters", "net.dynamic_chunk=false", "net.causal=false", f"bundle.attributions=[{CREDIT}]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    config = read_recogniser_config("listener", None, [*SMALL, *OWN])
    material = gather(read_manifest(write_chimes(folder / "chimes", 6, 2)), config, folder / "features")
    net = Conformer(ConformerConfig.check(config.net.fields() | {"units": len(material.units) + 1}, "net")).eval()
    began = Base("old@1.0.0 abc", None, net, None, config.bundle.attributions)
    return publish_recogniser(folder / "bundle", net, Made(material, config, None, 7, began)), material


def test_it_hears_characters_and_needs_no_words(made):
    path, material = made
    bundle = open_bundle(path, verify=True)
    assert (bundle.settings.tokenizer, bundle.settings.spelling) == ("char", None)
    assert bundle.settings.units == ("<blank>", "夏", "天", "风", "鱼")
    assert list(bundle.manifest.graphs) == ["encoder", "ctc"]
    assert "weights/language.safetensors" not in bundle.manifest.files
    recogniser = open_recogniser(bundle)
    features = recogniser.normalised(material.mel(material.taught[0]))
    for found in recogniser.read(features, 3):
        assert set(recogniser.text(found.units)) <= set("夏天风鱼")


def test_it_says_where_it_is_from(made):
    path, _ = made
    manifest = open_bundle(path).manifest
    assert manifest.data_statement == "Chimes. 6 clips, 0.0 hours of 1 speakers, taught for 7 steps. Began as old@1.0.0 abc."
    assert [one.work for one in manifest.attributions] == ["Chimes"], "a credit is given once"
    card = (path / "MODELCARD.md").read_text("utf-8")
    assert "It hears characters" in card
    assert "| cer |" in card


def test_its_graphs_compute_what_the_net_computed(made):
    path, _ = made
    assert all(run.ok for run in run_golden(open_bundle(path)))


def test_it_is_judged_by_what_was_held_out_alone(made):
    path, material = made
    recogniser = open_recogniser(path)
    assert judged(recogniser, material).keys() == {"cer", "cer_greedy"}
    assert judged(recogniser, type(material)(**{**fields(material), "held_out": ()})) == {}


def fields(material):
    return {name: getattr(material, name) for name in material.__dataclass_fields__}


def test_a_training_can_go_on_from_it_with_the_same_units(made):
    path, _ = made
    base = open_base(path, "characters")
    assert base.rows == {"<blank>": 0, "夏": 1, "天": 2, "风": 3, "鱼": 4}
    assert base.language is None
    assert base.label.startswith("chimes@1.0.0 ")


def test_other_units_are_refused(made):
    path, _ = made
    with pytest.raises(TrainError, match="hears units of the kind char, and the training syllables; --set units=characters goes"):
        open_base(path, "syllables")
