"""From a bundle to a smaller bundle by teaching; and what is refused before any work."""

import json
import shutil

import pytest

torch = pytest.importorskip("torch")

from tests.train.small_voice import TEXTS, make_nets, make_quickly, write_voice  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.errors import OutputError, PortError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.train.distill import DistillConfig  # noqa: E402
from tingshuo.train.distill_sizes import student_config  # noqa: E402
from tingshuo.train.distill_voice import distill_voice, read_run_config, run_folder  # noqa: E402
from tingshuo.train.prune import prune_bundle  # noqa: E402
from tingshuo.train.publish import read_nets  # noqa: E402

pytestmark = pytest.mark.train

CONFIG = DistillConfig(texts=12)
CONFIG = CONFIG.replace(loop=CONFIG.loop.replace(steps=4, threads=1, batch_frames=600, evaluate_every=2, checkpoint_every=2))


@pytest.fixture(scope="module")
def quick():
    """Few sentences to choose scales and to measure by."""
    with pytest.MonkeyPatch.context() as patch:
        make_quickly(patch)
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return write_voice(tmp_path_factory.mktemp("voices") / "teacher")


@pytest.fixture(scope="module")
def student(quick, teacher, tmp_path_factory):
    """Interrupted once, and what was told."""
    folder = tmp_path_factory.mktemp("student")
    (folder / "texts").write_text("\n".join(TEXTS), "utf-8")
    stages = []

    def tell(stage, done, note):
        stages.append(stage)
        if stages.count("teach") == 2:
            signal_stop()

    first = distill_voice(teacher, folder / "small-one", CONFIG, folder / "texts", tell=tell)
    assert (first.finished, first.bundle, first.comparison) == (False, None, None)
    config = read_run_config(run_folder(folder / "small-one"))
    shrunk = distill_voice(teacher, folder / "small-one", config, resume=True, tell=lambda stage, *_: stages.append(stage))
    return shrunk, list(dict.fromkeys(stages))


def signal_stop():
    import os
    import signal

    os.kill(os.getpid(), signal.SIGTERM)


def test_the_student_is_a_bundle_that_speaks(student):
    shrunk, stages = student
    assert stages == ["lessons", "narrow", "teach", "publish", "measure"]
    assert (shrunk.step, shrunk.finished) == (4, True)
    assert verify_bundle(shrunk.bundle).ok
    assert tingshuo.load(shrunk.bundle, precision="fp32").synthesize("你好，世界。").duration_s > 0.3


def test_the_student_keeps_the_bounds_and_the_vocoder(student, teacher):
    old, new = (read_nets(open_bundle(path)) for path in (teacher, student[0].bundle))
    assert new.acoustic.config == student_config(old.acoustic.config, "small")
    assert all(
        torch.equal(a, b) for a, b in zip(old.vocoder.state_dict().values(), new.vocoder.state_dict().values(), strict=True)
    )


def test_the_manifest_says_what_it_was_made_from(student):
    manifest = open_bundle(student[0].bundle).manifest
    assert (manifest.name, manifest.parent) == ("small-one", "teacher@1.2.0")
    assert (manifest.licence, manifest.consent) == ("CC-BY-4.0", "Nobody's voice.")
    said = "Random numbers. Made from teacher@1.2.0: the acoustic model is a small student of it, taught for 4 steps."
    assert manifest.data_statement == said
    assert said in (student[0].bundle / "MODELCARD.md").read_text("utf-8")


def test_the_comparison_has_every_figure_of_one_run(student, teacher):
    shrunk, _ = student
    table = shrunk.comparison
    assert [row.key for row in table.rows] == [
        "acoustic_parameters", "vocoder_parameters", "file_mb", "acoustic_mmacs_per_s", "vocoder_mmacs_per_s", "rtf",
        "acoustic_rtf", "mel_l1_nepers", "f0_rmse_cents", "voicing_changed_pct", "duration_error_ms", "length_error_pct",
    ]  # fmt: skip
    parameters = table["acoustic_parameters"]
    assert parameters.before == sum(p.numel() for p in make_nets()[1].acoustic.parameters()) / 1e6
    assert parameters.after <= 0.5 * parameters.before
    assert table["acoustic_mmacs_per_s"].after * 1.3 <= table["acoustic_mmacs_per_s"].before
    assert table["file_mb"].after < table["file_mb"].before
    assert table["rtf"].before > table["acoustic_rtf"].before > 0
    assert table["mel_l1_nepers"].before is None
    assert table["mel_l1_nepers"].after > 0
    assert table.notes == ("Character error rate: not measured, there is no recogniser yet.",)
    kept = json.loads((run_folder(shrunk.bundle) / "comparison.json").read_text("utf-8"))
    assert kept == table.fields()


def test_the_run_keeps_its_log_and_report(student):
    run = run_folder(student[0].bundle)
    assert {path.name for path in run.iterdir()} >= {
        "config.yaml",
        "lessons.safetensors",
        "log.jsonl",
        "checkpoints",
        "report.html",
    }
    steps = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    assert steps == sorted(steps)
    assert steps[-1] == 4


@pytest.mark.parametrize("shrinking", [lambda *a: distill_voice(*a, CONFIG), lambda *a: prune_bundle(*a, 0.5, CONFIG)])
def test_what_cannot_end_well_is_refused_at_once(teacher, tmp_path, monkeypatch, shrinking):
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is there already; choose another -o"):
        shrinking(teacher, tmp_path / "there")
    (tmp_path / "old.run" / "checkpoints" / "last").mkdir(parents=True)
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        shrinking(teacher, tmp_path / "old")
    full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OutputError, match="MB are needed and 1 MB are free"):
        shrinking(teacher, tmp_path / "new")
    assert not run_folder(tmp_path / "new").exists()


def test_a_family_that_cannot_be_rebuilt_is_refused(teacher, tmp_path):
    foreign = tmp_path / "foreign"
    shutil.copytree(teacher, foreign)
    config = json.loads((foreign / "config.json").read_text("utf-8")) | {"family": "mystery"}
    bundle = open_bundle(teacher)
    object.__setattr__(bundle, "held", bundle.config.replace(family=config["family"]))
    with pytest.raises(PortError, match="family 'mystery' cannot be rebuilt; known: fastspeech"):
        read_nets(bundle)


def test_resuming_with_other_lessons_or_sizes_is_refused(student, teacher, tmp_path):
    shutil.copytree(run_folder(student[0].bundle), tmp_path / "again.run", symlinks=True)
    config = read_run_config(tmp_path / "again.run")
    with pytest.raises(TrainError, match=r"cannot be resumed with other settings or data: .*size"):
        distill_voice(teacher, tmp_path / "again", config.replace(size="tiny"), resume=True)
    with pytest.raises(TrainError, match="holds no 'last' checkpoint"):
        distill_voice(teacher, tmp_path / "never", config, resume=True)
