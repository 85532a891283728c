"""From files of text to a bundle that tells what is likely, and what is refused before it begins."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.phrases import CONFIG, phrases, write_phrases  # noqa: E402

from tingshuo.errors import ConfigError, DataError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.language_model import open_language  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.language_model import train_language_model  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return (write_phrases(tmp_path_factory.mktemp("texts") / "phrases.txt"),)


@pytest.fixture(scope="module")
def taught(texts, tmp_path_factory):
    run, told = tmp_path_factory.mktemp("run") / "lm", []
    return train_language_model(CONFIG, texts, run, tell=lambda *word: told.append(word)), run, told


def test_what_follows_what_is_learnt(taught):
    made, run, _ = taught
    assert (made.step, made.finished, made.bundle) == (40, True, run / "bundle")
    language = open_language(made.bundle)
    right, wrong = language.log_probs(["老师也许看电影", "看老师电影许也"])
    assert right > wrong + 5
    figures = open_bundle(made.bundle).manifest.measured[0].figures
    assert figures["perplexity"] < len(language.settings.characters) / 2


def test_the_run_tells_what_it_did(taught):
    _, run, told = taught
    assert {"config.yaml", "log.jsonl", "checkpoints", "report.html", "bundle"} <= {path.name for path in run.iterdir()}
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["read", "teach", "publish"]
    held = [row["held_out"] for row in map(json.loads, (run / "log.jsonl").read_text("utf-8").splitlines()) if "held_out" in row]
    assert held[-1]["loss"] < held[0]["loss"]
    assert "ngram_perplexity" in (run / "report.html").read_text("utf-8")


def test_a_training_that_goes_on_ends_where_one_in_one_piece_does(texts, tmp_path):
    half = CONFIG.replace(loop=CONFIG.loop.replace(steps=10, schedule="constant"))
    whole = half.replace(loop=half.loop.replace(steps=20))
    train_language_model(half, texts, tmp_path / "a")
    train_language_model(whole, texts, tmp_path / "a", resume=True)
    train_language_model(whole, texts, tmp_path / "b")
    ours, theirs = (load_checkpoint(tmp_path / name)[0] for name in "ab")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_is_kept_back_teaches_nothing(texts, tmp_path):
    back = tmp_path / "back.txt"
    back.write_text("\n".join(phrases()[:30]), "utf-8")
    short = CONFIG.replace(loop=CONFIG.loop.replace(steps=2))
    made = train_language_model(short, texts, tmp_path / "run", kept_back=[back])
    assert "40 sentences" in open_bundle(made.bundle).manifest.data_statement


def test_what_cannot_be_published_or_read_is_not_begun(texts, tmp_path):
    run = tmp_path / "x"
    with pytest.raises(ConfigError, match=r"bundle\.licence is missing"):
        train_language_model(CONFIG.replace(bundle=CONFIG.bundle.replace(licence="")), texts, run)
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        train_language_model(CONFIG, [tmp_path / "none.txt"], run)
    with pytest.raises(TrainError, match="holds no 'last' checkpoint"):
        train_language_model(CONFIG, texts, run, resume=True)
    assert not run.exists()


def test_a_training_that_is_there_is_not_begun_again(taught, texts):
    _, run, _ = taught
    with pytest.raises(TrainError, match="add --resume"):
        train_language_model(CONFIG, texts, run)
    with pytest.raises(TrainError, match=r"dropout was 0.1 and is 0.2"):
        train_language_model(CONFIG.replace(dropout=0.2), texts, run, resume=True)
