"""From recordings to a recogniser that writes down what is said, and how a training goes on."""

import json
import random

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import soundfile  # noqa: E402
from tests.train.chimes import SMALL, chime, write_chimes  # noqa: E402

from tingshuo.audio.read import read_mono  # noqa: E402
from tingshuo.errors import ConfigError, DataError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.recognise.hearing import heard, open_recogniser  # noqa: E402
from tingshuo.train import recogniser as training  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.recogniser import train_recogniser  # noqa: E402
from tingshuo.train.recogniser_config import read_recogniser_config  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_chimes(tmp_path_factory.mktemp("data") / "chimes")


@pytest.fixture(scope="module")
def taught(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "run"
    told = []
    result = train_recogniser(read_recogniser_config("listener", None, SMALL), [data], run, tell=lambda *args: told.append(args))
    return result, run, told


@pytest.fixture
def unpublished(monkeypatch):
    """A training that ends before it publishes."""
    monkeypatch.setattr(training, "publish_recogniser", lambda destination, *_: destination)


def test_what_is_said_is_written_down(taught, data):
    result, run, _ = taught
    assert (result.finished, result.bundle) == (True, run / "bundle")
    bundle = open_bundle(run / "bundle", verify=True)
    (measured,) = bundle.manifest.measured
    assert measured.figures["syllable_error"] < 0.2
    assert measured.figures["cer"] < 0.2
    recogniser = open_recogniser(bundle)
    row = next(row for row in map(json.loads, data.read_text("utf-8").splitlines()) if row["id"] == "50")
    wav, _ = read_mono(data.parent / row["audio"], 16000)
    assert heard(recogniser, recogniser.hear(wav)[0]).text == row["text"]


def test_the_run_tells_what_it_did(taught):
    result, run, told = taught
    assert list(dict.fromkeys(stage for stage, *_ in told)) == ["features", "teach", "language", "publish"]
    skipped = {row["where"]: row["why"] for row in map(json.loads, (run / "skipped.jsonl").read_text("utf-8").splitlines())}
    assert "not Mandarin" in skipped["english"]
    assert "80 syllables in" in skipped["fast"]
    assert result.skipped == len(skipped) == 2
    assert {"config.yaml", "log.jsonl", "report.html", "features"} <= {path.name for path in run.iterdir()}
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    held = [row["held_out"] for row in rows if "held_out" in row]
    assert held[-1]["loss"] < held[0]["loss"]


def test_a_training_that_goes_on_ends_where_one_in_one_piece_does(unpublished, data, tmp_path):
    whole = read_recogniser_config("listener", None, [*SMALL, "loop.schedule=constant", "loop.steps=6", "loop.evaluate_every=6"])
    train_recogniser(whole, [data], tmp_path / "whole")
    assert train_recogniser(whole.replace(loop=whole.loop.replace(steps=3)), [data], tmp_path / "parts").step == 3
    assert train_recogniser(whole, [data], tmp_path / "parts", resume=True).step == 6
    ours, theirs = (load_checkpoint(tmp_path / name)[0] for name in ("whole", "parts"))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_training_that_begins_with_a_finished_one_goes_on_from_there(unpublished, taught, data, tmp_path):
    _, run, _ = taught
    few = [*SMALL, "loop.steps=4", "loop.evaluate_every=4", "loop.rate=0.0001", "net.dim=16"]
    more = write_chimes(tmp_path / "more", 12, 0, extra="门")
    begun = train_recogniser(read_recogniser_config("listener", None, few), [data, more], tmp_path / "on", base=run / "bundle")
    fresh = train_recogniser(read_recogniser_config("listener", None, few), [data, more], tmp_path / "anew")
    assert begun.new_units == ("men2",)
    assert begun.best < 0.5 * fresh.best
    assert "dim: 32" in (tmp_path / "on" / "config.yaml").read_text("utf-8"), "the sizes are those of the bundle"
    with pytest.raises(TrainError, match=r"from was 'chimes@1\.0\.0"):
        train_recogniser(read_recogniser_config("listener", None, few), [data, more], tmp_path / "on", resume=True)


def test_what_cannot_be_begun_is_refused(taught, data, tmp_path):
    _, run, _ = taught
    config = read_recogniser_config("listener", None, SMALL)
    with pytest.raises(TrainError, match="--resume"):
        train_recogniser(config, [data], run)
    with pytest.raises(ConfigError, match=r"bundle\.licence"):
        train_recogniser(read_recogniser_config(), [data], tmp_path / "one")
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        train_recogniser(config.replace(language=config.language.replace(texts=("nothing.txt",))), [data], tmp_path / "two")
    assert not (tmp_path / "two").exists()
    soundfile.write(tmp_path / "silent.wav", chime("鱼", random.Random(0)), 16000)
    (tmp_path / "manifest.jsonl").write_text('{"id": "a", "audio": "silent.wav"}\n')
    with pytest.raises(DataError, match=r"no clip to learn from, 1 were skipped; the first .a. because it has no text"):
        train_recogniser(config.replace(language=config.language.replace(closed=False)), [tmp_path], tmp_path / "three")
