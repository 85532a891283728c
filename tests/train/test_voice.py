import json
import os
import shutil
import signal

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from tests.train.conftest import SENTENCES  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.errors import ConfigError, ConsentError, DataError, OutputError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train import loop  # noqa: E402
from tingshuo.train import voice as pipeline  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.config import STAGES, read_config, read_yaml  # noqa: E402
from tingshuo.train.voice import train_voice  # noqa: E402

pytestmark = pytest.mark.train

STATEMENTS = ("bundle.licence=CC-BY-4.0", "bundle.consent=my own voice", "bundle.data_statement=Eight sentences.")
CONSENT = (
    "{speaker: nobody, given_by: Nobody, given_on: 2020-05-01, purpose: tests, valid_until: unlimited, "
    f"recording_sha256: '{'0' * 64}'}}"
)
SHORT = ("loop.steps=3", "loop.evaluate_every=2", "vocoder.loop.steps=3", "vocoder.loop.evaluate_every=2", "joint.loop.steps=2")
TINY = read_config("tiny", settings=[*STATEMENTS, *SHORT, "loop.precision=fp32"])
ACOUSTIC = TINY.replace(stages=("acoustic",))


class Killed(BaseException):
    """The process is gone, as nothing in it catches this: only what is on the disk is left."""


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
    """A training from the folder to the bundle, ended once by a signal, and what was told of it."""
    folder = tmp_path_factory.mktemp("run") / "mine"
    told = []

    def stop(stage, done, note):
        told.append(stage)
        if stage == "acoustic":
            os.kill(os.getpid(), signal.SIGTERM)

    first = train_voice(recordings, folder, TINY, find_voice("default"), tell=stop)
    assert [(one.stage, one.step) for one in first.learnt] == [("acoustic", 1)]
    assert (first.finished, first.bundle) == (False, None)
    second = train_voice(recordings, folder, TINY, find_voice("default"), resume=True, tell=lambda stage, *_: told.append(stage))
    return folder, second, told


def test_a_folder_of_recordings_becomes_a_voice_that_speaks(run):
    folder, result, told = run
    assert [(one.stage, one.step, one.finished) for one in result.learnt] == [
        ("acoustic", 3, True), ("vocoder", 3, True), ("joint", 2, True),
    ]  # fmt: skip
    assert (result.finished, result.bundle) == (True, folder / "bundle")
    assert verify_bundle(result.bundle).ok
    assert tingshuo.load(result.bundle).synthesize("你好。").duration_s > 0.1
    assert list(dict.fromkeys(told)) == ["check", "features", "align", *STAGES, "publish"]


def test_the_report_shows_every_stage(run):
    html = (run[0] / "report.html").read_text("utf-8")
    for name in ("声学模型 acoustic model：", "声码器 vocoder：", "联合 joint："):
        assert f"{name}损失" in html
    assert html.count("<audio") == 2 * 3  # recorded and made, of one held-out clip


def test_the_bundle_has_the_averages_of_the_last_stages_and_says_how_long_they_learnt(run):
    folder, result, _ = run
    bundle = open_bundle(result.bundle)
    joint, _ = load_checkpoint(folder / "joint")
    acoustic, vocoder = (bundle.tensors(f"weights/{name}.safetensors") for name in ("acoustic", "vocoder"))
    assert np.array_equal(vocoder["gain.weight"], joint["average/0.gain.weight"].numpy().astype(np.float16))
    assert np.array_equal(acoustic["mel.weight"], joint["average/1.mel.weight"].numpy().astype(np.float16))
    began = load_checkpoint(folder / "acoustic", "best")[0]
    assert np.array_equal(acoustic["duration.out.weight"], began["average/duration.out.weight"].numpy().astype(np.float16))
    label = f"default@{open_bundle(find_voice('default')).manifest.version}"
    assert (
        "The acoustic model is new and learnt for 3 steps. The vocoder (source_filter) began as that of "
        f"{label} and learnt for 3 steps. Vocoder and acoustic decoder learnt together for 2 steps."
    ) in bundle.manifest.data_statement
    assert bundle.manifest.parent is None
    assert "| joint | 2 |" in (result.bundle / "MODELCARD.md").read_text("utf-8")


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
    for stage in STAGES:
        assert (folder / stage / "log.jsonl").exists()
        assert (folder / stage / "checkpoints" / "last").is_dir()


def test_a_finished_run_is_not_begun_anew_nor_gone_on_with_otherwise(run, recordings):
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        train_voice(recordings, run[0], TINY, find_voice("default"))
    other = TINY.replace(loop=TINY.loop.replace(rate=0.5))
    with pytest.raises(TrainError, match=r"loop.rate was 0.001 and is 0.5"):
        train_voice(recordings, run[0], other, find_voice("default"), resume=True)
    other = TINY.replace(vocoder=TINY.vocoder.replace(mel_weight=1.0))
    with pytest.raises(TrainError, match=r"vocoder.mel_weight was 15.0 and is 1.0"):
        train_voice(recordings, run[0], other, find_voice("default"), resume=True)
    with pytest.raises(TrainError, match=r"acoustic.decoder_dim was 32 and is 384"):
        train_voice(recordings, run[0], TINY, find_voice("default"), from_base=True, resume=True)
    assert read_yaml(run[0] / "config.yaml")["loop"]["rate"] == TINY.loop.rate


@pytest.mark.parametrize("moments", [{"acoustic": 1, "vocoder": 0, "joint": 1}, {"acoustic": 3, "vocoder": 2, "joint": 0}])
def test_killed_in_every_stage_it_comes_to_the_same_to_the_last_bit(run, recordings, tmp_path, monkeypatch, moments):
    """A kill is after so many steps of a stage; 0 is before it has begun."""
    shutil.copytree(run[0] / "cache", tmp_path / "cache")
    monkeypatch.setattr(pipeline, "publish", lambda *_: None)
    fit = loop.fit
    for number, (stage, steps) in enumerate(moments.items()):

        def die(told, done, note, stage=stage, steps=steps):
            if told == stage and note.startswith(f"step {steps} "):
                raise Killed

        def die_first(recipe, folder, *rest, stage=stage, **more):
            if folder.name == stage:
                raise Killed
            return fit(recipe, folder, *rest, **more)

        monkeypatch.setattr(loop, "fit", fit if steps else die_first)
        with pytest.raises(Killed):
            train_voice(recordings, tmp_path, TINY, find_voice("default"), resume=number > 0, tell=die)
    monkeypatch.setattr(loop, "fit", fit)
    assert train_voice(recordings, tmp_path, TINY, find_voice("default"), resume=True).finished
    for stage in STAGES:
        ours, theirs = (load_checkpoint(folder / stage)[0] for folder in (tmp_path, run[0]))
        assert ours.keys() == theirs.keys()
        assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
        logs = [(folder / stage / "log.jsonl").read_text().splitlines() for folder in (tmp_path, run[0])]
        told = [[json.loads(line).get("losses") for line in lines] for lines in logs]
        assert told[0] == told[1]


def test_a_voice_from_few_sentences_begins_as_another_and_keeps_its_rhythm(run, recordings, tmp_path, monkeypatch):
    published = []
    monkeypatch.setattr(pipeline, "publish", lambda *what: published.append(what))
    nobody = "bundle.cloned=[]"  # synthetic speech
    config = read_config("few_shot", settings=[*STATEMENTS, nobody, "loop.steps=1", "loop.batch_frames=200"])
    train_voice(recordings, tmp_path / "run", config, run[0] / "bundle", from_base=True)
    [(_, voice, nets, _, base, _, texts, *_)] = published
    assert (base.acoustic, base.vocoder, base.label) == (True, True, "my-voice@1.0.0")
    assert sorted(texts) == sorted(SENTENCES)
    assert read_yaml(tmp_path / "run/config.yaml")["acoustic"]["dim"] == TINY.acoustic.dim
    old = open_bundle(run[0] / "bundle")
    assert [style.name for style in voice.styles] == [style.name for style in old.config.styles]
    before = old.tensors("weights/acoustic.safetensors")
    after, _ = load_checkpoint(tmp_path / "run/acoustic")
    moved = {name.split(".")[0] for name, value in before.items() if not np.array_equal(value, after[f"acoustic/{name}"].numpy())}
    assert moved == {"speaker", "decoder_in", "decoder", "decoder_norm", "mel", "pitch_embedding"}
    vocoder = old.tensors("weights/vocoder.safetensors")
    assert all(np.array_equal(vocoder[name], value.numpy()) for name, value in nets.vocoder.state_dict().items())


@pytest.fixture
def mute(recordings, tmp_path):
    """Recordings without a single text."""
    folder = tmp_path / "mute"
    folder.mkdir()
    for number in range(4):
        shutil.copy(recordings / f"{number}.wav", folder)
    return folder


def test_a_vocoder_alone_needs_no_texts_and_gets_the_acoustic_model_of_the_base(mute, tmp_path, monkeypatch):
    published = []
    monkeypatch.setattr(pipeline, "publish", lambda *what: published.append(what))
    light = ["vocoder.family=hifigan", "vocoder.size=light", "vocoder.sizes={channels: 16}", "vocoder.loop.steps=1"]
    config = read_config("tiny", settings=[*STATEMENTS, *light, "stages=[vocoder]"])
    result = train_voice(mute, tmp_path / "run", config, find_voice("default"))
    assert [(one.stage, one.step) for one in result.learnt] == [("vocoder", 1)]
    [(_, voice, nets, _, base, _, texts, *_)] = published
    default = open_bundle(find_voice("default"))
    assert voice.family == "fastspeech+hifigan"
    assert voice.speakers == default.config.speakers
    assert (base.acoustic, base.vocoder, texts) == (True, False, [])
    before = default.tensors("weights/acoustic.safetensors")
    assert all(np.array_equal(before[name], value.numpy()) for name, value in nets.acoustic.state_dict().items())
    assert not any("parametrizations" in name for name in nets.vocoder.state_dict())
    assert not (tmp_path / "run" / "acoustic").exists()


def test_another_stage_may_follow_later_and_what_was_trained_stays(run, recordings, tmp_path, monkeypatch):
    published = []
    monkeypatch.setattr(pipeline, "publish", lambda *what: published.append(what))
    folder = tmp_path / "run"
    shutil.copytree(run[0], folder, ignore=shutil.ignore_patterns("vocoder", "joint", "bundle"), symlinks=True)
    result = train_voice(recordings, folder, TINY.replace(stages=("vocoder",)), find_voice("default"), resume=True)
    assert [one.stage for one in result.learnt] == ["acoustic", "vocoder"]
    assert read_yaml(folder / "config.yaml")["stages"] == ["acoustic", "vocoder"]
    average = load_checkpoint(folder / "acoustic", "best")[0]["average/mel.weight"]
    assert torch.equal(published[0][2].acoustic.mel.weight, average)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (["features.mel.fmax=8000"], ConfigError, r"features.mel.fmax is 8000.* vocoder of default knows 12000"),
        (["features.mel.fmax=8000", "stages=[vocoder]"], ConfigError, "the acoustic model and vocoder of default know"),
        (["vocoder.family=hifigan", "features.mel.hop_length=240"], ConfigError, "256 samples, one of the features is 240"),
        (["vocoder.family=vocos", "stages=[acoustic]"], ConfigError, "vocoder.family is vocos, and no stage trains a vocoder"),
        (["vocoder.shares={nobody: 0.5}"], TrainError, "vocoder.shares names 'nobody', of whom there is no recording"),
        (["vocoder.frames=100000"], TrainError, "no clip has the 100001 frames of a segment"),
    ],
)
def test_a_vocoder_that_cannot_be_trained_is_refused_before_the_acoustic_model_is(recordings, tmp_path, settings, error, message):
    begun = []
    config = read_config("tiny", settings=[*STATEMENTS, *settings])
    with pytest.raises(error, match=message):
        train_voice(recordings, tmp_path, config, find_voice("default"), tell=lambda stage, *_: begun.append(stage))
    assert not {"align", *STAGES} & set(begun)


def test_without_a_vocoder_recordings_need_texts(mute, tmp_path):
    with pytest.raises(DataError, match="has no text that can be spoken, and no vocoder is trained"):
        train_voice(mute, tmp_path / "run", ACOUSTIC, find_voice("default"))


def test_what_cannot_end_well_is_not_begun(recordings, tmp_path, monkeypatch):
    base = find_voice("default")
    with pytest.raises(ConfigError, match=r"bundle\.consent is missing"):
        train_voice(recordings, tmp_path / "a", TINY.replace(bundle=TINY.bundle.replace(consent="")), base)
    with pytest.raises(ConsentError, match="this training clones the voices of those who speak in the recordings"):
        train_voice(recordings, tmp_path / "a", read_config("few_shot", settings=STATEMENTS), base, from_base=True)
    few = read_config("few_shot", settings=[*STATEMENTS, "bundle.cloned=[nobody]", f"bundle.consents=[{CONSENT}]"])
    with pytest.raises(ConsentError, match="names 'nobody', who is not among the speakers"):
        train_voice(recordings, tmp_path / "n", few, base, from_base=True)
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
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(OutputError, match=r"need 4.0 GB and 0.0 GB are free"):
        train_voice(recordings, tmp_path / "e", TINY, base)
