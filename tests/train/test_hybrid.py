"""From recordings to a classic recogniser that writes down what is said, and how a training goes on."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.chimes import write_chimes  # noqa: E402
from tests.train.classic import small  # noqa: E402

from tingshuo.audio.read import read_mono  # noqa: E402
from tingshuo.errors import ConfigError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.recognise.hearing import heard, open_recogniser  # noqa: E402
from tingshuo.train import hybrid as training  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.hybrid import train_hybrid  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_chimes(tmp_path_factory.mktemp("data") / "chimes")


@pytest.fixture(scope="module")
def taught(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "run"
    told = []
    result = train_hybrid(small(), data, run, tell=lambda *args: told.append(args))
    return result, run, told


def test_what_is_said_is_written_down(taught, data):
    result, run, _ = taught
    assert (result.finished, result.bundle) == (True, run / "bundle")
    bundle = open_bundle(run / "bundle", verify=True)
    (measured,) = bundle.manifest.measured
    assert measured.figures["syllable_error"] < 0.3
    assert measured.figures["cer"] < 0.3
    recogniser = open_recogniser(bundle)
    row = next(row for row in map(json.loads, data.read_text("utf-8").splitlines()) if row["id"] == "2")
    wav, _ = read_mono(data.parent / row["audio"], 16000)
    assert heard(recogniser, recogniser.hear(wav)[0]).text == row["text"]


def test_the_run_tells_what_it_did(taught):
    _, run, told = taught
    stages = ["features", "align", "teach", "realign", "reteach", "language", "publish"]
    assert list(dict.fromkeys(stage for stage, *_ in told)) == stages
    skipped = {row["where"] for row in map(json.loads, (run / "skipped.jsonl").read_text("utf-8").splitlines())}
    assert skipped == {"english", "fast"}
    for stage in ("first", "second"):
        names = {path.name for path in (run / stage).iterdir()}
        assert {"labels.npy", "log.jsonl", "report.html", "checkpoints"} <= names
    log = map(json.loads, (run / "first" / "log.jsonl").read_text("utf-8").splitlines())
    held = [row["held_out"] for row in log if "held_out" in row]
    assert held[-1]["loss"] < held[0]["loss"]


@pytest.fixture
def unpublished(monkeypatch):
    """A training that ends before it publishes."""
    monkeypatch.setattr(training, "publish_hybrid", lambda destination, *_: destination)


def test_a_training_that_goes_on_ends_where_one_in_one_piece_does(unpublished, data, tmp_path):
    whole = small("loop.schedule=constant", "loop.steps=6", "loop.evaluate_every=6", "hmm.iterations=2")
    train_hybrid(whole, data, tmp_path / "whole")
    assert train_hybrid(whole.replace(loop=whole.loop.replace(steps=3), realign=False), data, tmp_path / "parts").step == 3
    assert train_hybrid(whole, data, tmp_path / "parts", resume=True).step == 6
    for stage in ("first", "second"):
        ours, theirs = (load_checkpoint(tmp_path / name / stage)[0] for name in ("whole", "parts"))
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_cannot_begin_is_refused(taught, data, tmp_path):
    _, run, _ = taught
    with pytest.raises(TrainError, match="has a training already"):
        train_hybrid(small(), data, run)
    with pytest.raises(TrainError, match="offsets"):
        train_hybrid(small("offsets=[-1, 0, 1, 2, 3]"), data, run, resume=True)
    with pytest.raises(ConfigError, match="licence"):
        train_hybrid(small("bundle.licence="), data, tmp_path / "run")
