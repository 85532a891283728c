import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.phrases import CONFIG, phrases  # noqa: E402

from tingshuo.models.language.config import LanguageConfig  # noqa: E402
from tingshuo.models.language.net import Language  # noqa: E402
from tingshuo.port.families import build_nets, fill  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.language_model import open_language  # noqa: E402
from tingshuo.train.language_model_material import gather  # noqa: E402
from tingshuo.train.language_model_publish import WEIGHTS, publish_language_model  # noqa: E402

pytestmark = pytest.mark.train
MATERIAL = gather(phrases(), (), CONFIG)


@pytest.fixture(scope="module", params=["lstm", "transformer"])
def made(request, tmp_path_factory):
    torch.manual_seed(0)
    sizes = CONFIG.net.fields() | {"units": len(MATERIAL.characters) + 2, "kind": request.param}
    net = Language(LanguageConfig.check(sizes, "net"))
    return publish_language_model(tmp_path_factory.mktemp("made") / "bundle", net, MATERIAL, CONFIG, 7), net


def test_a_bundle_is_sound_and_says_what_it_is(made):
    path, _ = made
    bundle = open_bundle(path, verify=True)
    verify_bundle(path)
    manifest = bundle.manifest
    assert (manifest.task, manifest.family, manifest.sample_rate, manifest.name) == ("lm", "language", 0, "tiny")
    assert "64 sentences" in manifest.data_statement
    assert "8 chose the checkpoint after 7 steps; 8 judged" in manifest.data_statement
    (measured,) = manifest.measured
    assert set(measured.figures) == {"perplexity", "ngram_perplexity", "unknown_share"}
    assert measured.figures["ngram_perplexity"] < measured.figures["perplexity"]  # nothing was taught
    assert all(run.ok for run in run_golden(bundle))
    assert "CC0-1.0" in (path / "MODELCARD.md").read_text("utf-8")


def test_texts_are_as_likely_as_the_net_says_at_once_and_step_by_step(made):
    path, net = made
    language = open_language(path)
    texts = ["我们今天去公园", "公园我们"]
    with torch.inference_mode():
        for text, found in zip(texts, language.log_probs(texts), strict=True):
            units = language.units(text)
            logits, _ = net(torch.tensor([[0, *units]]))
            wanted = torch.log_softmax(logits[0], -1)[torch.arange(len(units) + 1), torch.tensor([*units, 0])]
            assert found == pytest.approx(float(wanted.sum()), abs=1e-3)
            total, state = 0.0, language.start
            for unit in units:
                added, state = language.after(state, unit)
                total += added
            assert total + language.end(state) == pytest.approx(found, abs=1e-3)


def test_the_net_is_rebuilt_from_its_bundle(made):
    path, net = made
    bundle = open_bundle(path)
    (built,) = build_nets(bundle.settings.architecture)
    fill(built, bundle.tensors(WEIGHTS))
    given = torch.tensor([[0, 3, 4]])
    with torch.inference_mode():
        torch.testing.assert_close(built.net(given)[0], net(given)[0])
