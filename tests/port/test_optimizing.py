import json

import pytest

pytest.importorskip("torch")

from tingshuo.errors import BundleError, EngineNotInstalledError, OutputError
from tingshuo.port import optimizing, trials
from tingshuo.port.optimizing import optimize_bundle
from tingshuo.port.races import Standing
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.tasks.golden import run_golden
from tingshuo.tasks.tts import Voice

pytestmark = pytest.mark.train
FIGURES = {"load_ms": 1.0, "rtf": 0.1, "first_audio_ms": 2.0, "peak_mb": 3.0}


@pytest.fixture
def quick(monkeypatch):
    """Make everything twice as fast, and measure no clock."""
    monkeypatch.setattr(trials, "race", lambda runners, clock, rounds=9: {"new": Standing(2.0, 1.0)})
    monkeypatch.setattr(optimizing, "measure", lambda folder, threads: FIGURES)
    monkeypatch.setattr("tingshuo.port.material.CALIBRATION", ("你好。",))


def test_an_imported_voice_becomes_a_new_version_that_is_sound_and_speaks(imported, tmp_path, quick):
    source = imported("sambert")
    made = optimize_bundle(source, tmp_path / "fast", only=["step", "repeats", "wide"])
    bundle = open_bundle(made.path, verify=True)
    assert verify_bundle(made.path).ok
    assert (bundle.manifest.version, bundle.manifest.parent) == ("1.1.0", f"{bundle.manifest.name}@1.0.0")
    kept = {trial.graph: trial.passes for trial in made.trials if trial.status == "kept"}
    assert kept["decoder"] == ("step",)
    assert all(run.ok for run in run_golden(bundle))
    speech = Voice(bundle).synthesize("你好。")
    assert len(speech.wav) == len(Voice(open_bundle(source)).synthesize("你好。").wav)
    report = json.loads((made.path / "optimize.json").read_text("utf-8"))
    assert report["after"]["2"] == FIGURES
    assert report["quality"]["cer"] == "not measured: no recogniser"
    assert "## Optimised" in (made.path / "MODELCARD.md").read_text("utf-8")
    assert any("decoder_speedup" in one.figures for one in bundle.manifest.measured)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fast"]


def test_nothing_is_written_where_nothing_helps(imported, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "race", lambda runners, clock, rounds=9: {"new": Standing(1.0, 1.0)})
    made = optimize_bundle(imported("sambert"), tmp_path / "fast", only=["step"])
    assert made.path is None
    assert not list(tmp_path.iterdir())
    assert {trial.status for trial in made.trials} >= {"stored", "no gain", "not applicable"}


def test_what_cannot_be_begun_leaves_nothing(imported, tmp_path):
    with pytest.raises(EngineNotInstalledError):
        optimize_bundle(imported("sambert"), tmp_path / "fast", target="cuda")
    with pytest.raises(BundleError):
        optimize_bundle(tmp_path / "none", tmp_path / "fast")
    assert not list(tmp_path.iterdir())
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="--force"):
        optimize_bundle(imported("sambert"), tmp_path / "there")
