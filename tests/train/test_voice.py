import json

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from tests.train.conftest import SENTENCES  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.errors import ConfigError, DataError, OutputError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train import voice as pipeline  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.config import read_config, read_yaml  # noqa: E402
from tingshuo.train.voice import train_voice  # noqa: E402

pytestmark = pytest.mark.train

STATEMENTS = ("bundle.licence=CC-BY-4.0", "bundle.consent=my own voice", "bundle.data_statement=Eight sentences.")
TINY = read_config("tiny", settings=[*STATEMENTS, "loop.steps=3", "loop.evaluate_every=2"])


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, voice):
    """A bare folder: sentences of the built-in voice, one text without a word, one recording of nothing."""
    folder = tmp_path_factory.mktemp("recordings")
    for number, text in enumerate((*SENTENCES, "……", "没有声音")):
        wav = voice.synthesize(text).wav if number < len(SENTENCES) else np.zeros(0 if number > 8 else 24000, np.float32)
        soundfile.write(folder / f"{number}.wav", wav, 24000)
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(recordings, tmp_path_factory):
    """A training from the folder to the bundle, interrupted once, and what was told of it."""
    folder = tmp_path_factory.mktemp("run") / "mine"
    told = []

    def stop(stage, done, note):
        told.append(stage)
        if stage == "train":
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)

    first = train_voice(recordings, folder, TINY, find_voice("default"), tell=stop)
    assert (first.step, first.finished, first.bundle) == (1, False, None)
    second = train_voice(recordings, folder, TINY, find_voice("default"), resume=True, tell=lambda stage, *_: told.append(stage))
    return folder, second, told


def test_a_folder_of_recordings_becomes_a_voice_that_speaks(run):
    folder, result, told = run
    assert (result.step, result.finished, result.bundle) == (3, True, folder / "bundle")
    assert verify_bundle(result.bundle).ok
    assert "<audio" in (folder / "report.html").read_text("utf-8")
    assert tingshuo.load(result.bundle).synthesize("你好。").duration_s > 0.1
    assert list(dict.fromkeys(told)) == ["check", "features", "align", "train", "publish"]


def test_what_cannot_be_learnt_from_is_listed_with_its_reason(run):
    folder, result, _ = run
    skipped = [json.loads(line) for line in (folder / "skipped.jsonl").read_text("utf-8").splitlines()]
    assert result.skipped == len(skipped) == 2
    assert {row["where"].split("/")[-1].removesuffix(".wav") for row in skipped} == {"8", "9"}
    assert all(row["why"] for row in skipped)


def test_the_run_keeps_its_settings_and_rows(run):
    folder = run[0]
    assert read_yaml(folder / "config.yaml")["loop"]["steps"] == 3
    assert len((folder / "data.jsonl").read_text("utf-8").splitlines()) == len(SENTENCES)
    assert json.loads((folder / "voice.json").read_text("utf-8"))["speakers"]


def test_a_finished_run_is_not_begun_anew_nor_gone_on_with_otherwise(run, recordings):
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        train_voice(recordings, run[0], TINY, find_voice("default"))
    other = TINY.replace(loop=TINY.loop.replace(rate=0.5))
    with pytest.raises(TrainError, match=r"loop.rate was 0.001 and is 0.5"):
        train_voice(recordings, run[0], other, find_voice("default"), resume=True)
    with pytest.raises(TrainError, match=r"acoustic.decoder_dim was 32 and is 384"):
        train_voice(recordings, run[0], TINY, find_voice("default"), from_base=True, resume=True)
    assert read_yaml(run[0] / "config.yaml")["loop"]["rate"] == TINY.loop.rate


def test_a_voice_from_few_sentences_begins_as_another_and_keeps_its_rhythm(run, recordings, tmp_path, monkeypatch):
    published = []
    monkeypatch.setattr(pipeline, "publish", lambda *what: published.append(what))
    config = read_config("few_shot", settings=[*STATEMENTS, "loop.steps=1", "loop.batch_frames=200"])
    train_voice(recordings, tmp_path / "run", config, run[0] / "bundle", from_base=True)
    [(_, _, voice, _, source, texts)] = published
    assert (source.parent, source.label) == (True, "my-voice@1.0.0")
    assert sorted(texts) == sorted(SENTENCES)
    assert read_yaml(tmp_path / "run/config.yaml")["acoustic"]["dim"] == TINY.acoustic.dim
    old = open_bundle(run[0] / "bundle")
    assert voice.styles == old.config.styles
    before = old.tensors("weights/acoustic.safetensors")
    after, _ = load_checkpoint(tmp_path / "run")
    moved = {name.split(".")[0] for name, value in before.items() if not np.array_equal(value, after[f"acoustic/{name}"].numpy())}
    assert moved == {"speaker", "decoder_in", "decoder", "decoder_norm", "mel", "pitch_embedding"}


def test_what_cannot_end_well_is_not_begun(recordings, tmp_path, monkeypatch):
    base = find_voice("default")
    with pytest.raises(ConfigError, match=r"bundle\.consent is missing"):
        train_voice(recordings, tmp_path / "a", TINY.replace(bundle=TINY.bundle.replace(consent="")), base)
    with pytest.raises(DataError, match="no such file or folder"):
        train_voice(tmp_path / "nowhere", tmp_path / "b", TINY, base)
    with pytest.raises(TrainError, match="train without --resume"):
        train_voice(recordings, tmp_path / "c", TINY, base, resume=True)
    mute = tmp_path / "mute"
    mute.mkdir()
    soundfile.write(mute / "x.wav", np.random.default_rng(0).normal(0, 0.1, 24000), 24000)
    (mute / "x.txt").write_text("……", "utf-8")
    with pytest.raises(DataError, match="nothing in it can be learnt from"):
        train_voice(mute, tmp_path / "d", TINY, base)
    monkeypatch.setattr(pipeline.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(OutputError, match=r"need 1.2 GB and 0.0 GB are free"):
        train_voice(recordings, tmp_path / "e", TINY, base)
