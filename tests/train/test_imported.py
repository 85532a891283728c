"""From a stranger's voice to a small one of ours: taught, killed, resumed, written, measured; and what is refused before that."""

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.imported_voice import TEXTS, make_quickly, tiny_config, write_texts  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.config import VoiceConfig  # noqa: E402
from tingshuo.errors import BundleError, OutputError, PortError, RequestError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train import distill_sizes, imported_lessons  # noqa: E402
from tingshuo.train import imported as module  # noqa: E402
from tingshuo.train.distill_voice import run_folder  # noqa: E402
from tingshuo.train.imported import distill_imported, read_imported_config  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    make_quickly(monkeypatch)


@pytest.fixture(scope="module")
def made(small_base, tmp_path_factory):
    """A student of the built-in voice as if it were a stranger's; and what was told."""
    folder = tmp_path_factory.mktemp("made")
    stages = []
    with pytest.MonkeyPatch.context() as patch:
        make_quickly(patch)
        shrunk = distill_imported(
            find_voice("default"), folder / "small-one", tiny_config(), small_base, write_texts(folder),
            tell=lambda stage, *_: stages.append(stage),
        )  # fmt: skip
    return shrunk, list(dict.fromkeys(stages))


def losses(run):
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    return [row["losses"] for row in rows if "losses" in row]


def test_the_student_is_a_voice_of_ours_that_speaks(made):
    shrunk, stages = made
    assert stages == ["lessons", "features", "narrow", "teach", "publish", "measure"]
    assert (shrunk.step, shrunk.finished) == (4, True)
    assert verify_bundle(shrunk.bundle).ok
    bundle = open_bundle(shrunk.bundle)
    assert isinstance(bundle.settings, VoiceConfig)
    assert all(row.ok for row in run_golden(bundle))
    voice = tingshuo.load(shrunk.bundle)
    assert (voice.speakers, voice.styles, voice.sample_rate) == (("tan",), ("natural",), 24000)
    speech = voice.synthesize("你好，世界。", emotion="sad")
    assert speech.duration_s > 0.3
    assert np.isfinite(speech.wav).all()


def test_the_manifest_names_its_parent_and_everybody_who_is_owed_credit(made, small_base):
    manifest, parent = open_bundle(made[0].bundle).manifest, open_bundle(find_voice("default")).manifest
    assert (manifest.name, manifest.version) == ("small-one", f"{int(parent.version.split('.')[0]) + 1}.0.0")
    assert manifest.parent == f"default@{parent.version}"
    assert manifest.licence == "CC-BY-SA-4.0 AND CC-BY-4.0"
    assert manifest.consent == parent.consent
    assert {one.work for one in manifest.attributions} == {one.work for one in parent.attributions}
    said = manifest.data_statement
    assert said.startswith(parent.data_statement)
    assert f"learnt from the speech of {manifest.parent} alone" in said
    assert "The acoustic model began as that of base@1.2.0 and learnt for 4 steps. The vocoder (source_filter) is that of" in said
    assert "base@1.2.0 (CC-BY-4.0): Random numbers." in said


def test_the_table_is_of_one_run(made):
    table = made[0].comparison
    assert [row.key for row in table.rows] == [
        "acoustic_parameters", "parameters", "file_mb", "rtf", "acoustic_rtf", "mel_l1_nepers", "f0_rmse_cents",
        "voicing_changed_pct", "duration_error_ms", "length_error_pct",
    ]  # fmt: skip
    assert table["parameters"].after <= 0.5 * table["parameters"].before
    assert min(table["rtf"].before, table["rtf"].after) > 0  # which is smaller, a clock on a busy machine cannot tell
    assert any("of its teacher's parameters and is" in note for note in table.notes)
    run = run_folder(made[0].bundle)
    assert json.loads((run / "comparison.json").read_text("utf-8")) == table.fields()
    assert {"config.yaml", "lessons", "lessons.safetensors", "voice.json", "log.jsonl", "report.html"} <= {
        path.name for path in run.iterdir()
    }


def test_a_teaching_that_was_killed_goes_on_to_the_last_bit(made, small_base, tmp_path, monkeypatch):
    """Killed while the voice speaks, then while the student learns; every loss is that of a training that was not."""
    speaking = []
    real = imported_lessons._spoken
    monkeypatch.setattr(imported_lessons, "_spoken", lambda *args: speaking.append(args[2].text) or real(*args))
    run, teacher = run_folder(tmp_path / "again"), find_voice("default")

    def kill(stage, when):
        def tell(now, done, note):
            if (now, done >= when) == (stage, True):
                raise KeyboardInterrupt

        return tell

    shutil.copytree(run_folder(made[0].bundle) / "lessons", run / "lessons")
    for number in (len(TEXTS) - 2, len(TEXTS) - 1):
        (run / "lessons" / f"{number:05d}.safetensors").unlink()
    with pytest.raises(KeyboardInterrupt):
        distill_imported(teacher, tmp_path / "again", tiny_config(), small_base, resume=True, tell=kill("lessons", 0.8))
    assert len(speaking) == 1
    config = read_imported_config(run)
    assert config == tiny_config()
    with pytest.raises(KeyboardInterrupt):
        distill_imported(teacher, tmp_path / "again", config, small_base, resume=True, tell=kill("teach", 0.7))
    assert len(speaking) == 2
    monkeypatch.setattr(module, "_publish", lambda *_: "published")
    assert distill_imported(teacher, tmp_path / "again", config, small_base, resume=True) == "published"
    assert losses(run) == losses(run_folder(made[0].bundle))
    with pytest.raises(TrainError, match="cannot be resumed with other settings or data: mel_weight"):
        distill_imported(teacher, tmp_path / "again", config.replace(mel_weight=2.0), small_base, resume=True)


def test_the_vocoder_learns_too_where_that_is_asked_for(made, small_base, tmp_path, monkeypatch):
    shutil.copytree(run_folder(made[0].bundle), tmp_path / "again.run", symlinks=True)
    seen = {}

    def taught(base, features, config, run, label, told):
        seen.update(clips=len(features.clips), run=run.name, label=label)
        return "vocoder", module.Learnt("vocoder", 7, True, None)

    monkeypatch.setattr(module, "teach_vocoder", taught)
    monkeypatch.setattr(module, "_publish", lambda *args: args)
    config = tiny_config(vocoder_steps=7, licence="CC0-1.0")  # these may change, as they come after the student
    _, _, _, nets, learnt, *_ = distill_imported(find_voice("default"), tmp_path / "again", config, small_base, resume=True)
    assert nets.vocoder == "vocoder"
    assert [(one.stage, one.step) for one in learnt] == [("acoustic", 4), ("vocoder", 7)]
    assert seen["clips"] >= len(TEXTS)
    assert (seen["run"], seen["label"]) == ("sound", "base@1.2.0")


@pytest.mark.parametrize(
    ("fields", "config", "error", "message"),
    [
        ({"task": "vocoder"}, {}, PortError, "is not a voice that speaks, its task is vocoder"),
        ({"languages": ("en-US",)}, {}, PortError, "and no Mandarin"),
        ({"sealed": {}}, {}, BundleError, "is encrypted"),
        ({}, {"size": "huge"}, RequestError, "unknown size 'huge'"),
        ({}, {"speakers": ("wu",)}, RequestError, "unknown speaker 'wu'"),
        ({}, {"sizes": {"dim": 33}}, RequestError, "dim is 33; accepted: 1 to 32"),
    ],
)  # fmt: skip
def test_what_cannot_teach_is_refused_before_any_work(small_base, tmp_path, monkeypatch, fields, config, error, message):
    bundle = open_bundle(find_voice("default"))
    object.__setattr__(bundle, "manifest", bundle.manifest.replace(**{k: v for k, v in fields.items() if k != "sealed"}))
    if "sealed" in fields:
        monkeypatch.setattr(type(bundle.manifest), "sealed", object())
    real = module.open_bundle
    monkeypatch.setattr(module, "open_bundle", lambda path: bundle if path == "stranger" else real(path))
    with pytest.raises(error, match=message):
        distill_imported("stranger", tmp_path / "new", tiny_config(**config), small_base)
    assert not list(tmp_path.iterdir())


def test_what_cannot_end_well_is_not_begun(made, small_base, tmp_path, monkeypatch):
    teacher = find_voice("default")
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is there already; choose another -o"):
        distill_imported(teacher, tmp_path / "there", tiny_config(), small_base)
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        distill_imported(teacher, made[0].bundle, tiny_config(), small_base)
    with pytest.raises(TrainError, match="holds no 'last' checkpoint"):
        distill_imported(teacher, tmp_path / "never", tiny_config(), small_base, resume=True)
    full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OutputError, match="MB are needed and 1 MB are free"):
        distill_imported(teacher, tmp_path / "new", tiny_config(), small_base)
    assert not run_folder(tmp_path / "new").exists()
    monkeypatch.setattr(distill_sizes, "WIDTHS", (1.0,))
    with pytest.raises(TrainError, match="too small already for a small student"):
        distill_imported(small_base, tmp_path / "new", tiny_config(), teacher)
