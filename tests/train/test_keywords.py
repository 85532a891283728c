"""From folders of clips to a bundle that hears, and what is refused before it begins."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.beeps import CONFIG, WORDS, beep, write_beeps  # noqa: E402

from tingshuo.errors import ConfigError, DataError, TrainError  # noqa: E402
from tingshuo.tasks.keywords.model import open_keywords  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.keywords import run_folder, train_keywords  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_beeps(tmp_path_factory.mktemp("beeps"))


@pytest.fixture(scope="module")
def taught(data, tmp_path_factory):
    told = []
    made = train_keywords(CONFIG, data, tmp_path_factory.mktemp("made") / "bundle", tell=lambda *word: told.append(word))
    return made, told


def test_three_words_are_learnt_and_heard_of_somebody_new(taught):
    made, _ = taught
    assert (made.step, made.finished) == (80, True)
    ears = open_keywords(made.bundle)
    clips = [(word, beep(word, 900 + take)) for word in WORDS for take in range(4)]
    right = [said == heard for said, heard, _ in ears.answers(clips)]
    assert sum(right) >= 11


def test_the_run_tells_what_it_did(taught):
    made, told = taught
    run = run_folder(made.bundle)
    assert {"config.yaml", "skipped.jsonl", "log.jsonl", "checkpoints", "report.html"} <= {path.name for path in run.iterdir()}
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["features", "teach", "publish"]
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    held = [row["held_out"] for row in rows if "held_out" in row]
    assert held[-1]["loss"] < held[0]["loss"]


def test_a_training_that_goes_on_ends_where_one_in_one_piece_does(taught, data, tmp_path):
    half = CONFIG.replace(loop=CONFIG.loop.replace(steps=20, schedule="constant"))
    whole = half.replace(loop=half.loop.replace(steps=40))
    train_keywords(half, data, tmp_path / "a")
    train_keywords(whole, data, tmp_path / "a", resume=True)
    train_keywords(whole, data, tmp_path / "b")
    ours, theirs = (load_checkpoint(run_folder(tmp_path / name))[0] for name in "ab")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_cannot_be_published_is_not_begun(data, tmp_path):
    with pytest.raises(ConfigError, match=r"bundle\.licence is missing"):
        train_keywords(CONFIG.replace(bundle=CONFIG.bundle.replace(licence="")), data, tmp_path / "x")
    with pytest.raises(DataError, match="no such file or folder"):
        train_keywords(CONFIG, tmp_path / "none", tmp_path / "x")
    with pytest.raises(TrainError, match="holds no 'last' checkpoint"):
        train_keywords(CONFIG, data, tmp_path / "x", resume=True)
    assert not (tmp_path / "x").exists()


def test_a_training_that_is_there_is_not_begun_again(taught, data):
    made, _ = taught
    with pytest.raises(TrainError, match="add --resume"):
        train_keywords(CONFIG, data, made.bundle)
    with pytest.raises(TrainError, match="batch was 12 and is 10"):
        train_keywords(CONFIG.replace(batch=10), data, made.bundle, resume=True)
