import json
import sys

import pytest

pytest.importorskip("torch")

from tests.port.tiny_vocoders import vocoder_bundle

from tingshuo.errors import BundleError, EngineNotInstalledError, OutputError
from tingshuo.port import optimizing, trials
from tingshuo.port.optimizing import optimize_bundle
from tingshuo.port.races import Standing
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.tasks.golden import error_db, run_golden
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


def test_a_voice_for_openvino_says_so_and_speaks_without_it(imported, tmp_path, quick, monkeypatch):
    pytest.importorskip("openvino")
    made = optimize_bundle(imported("graph_voice"), tmp_path / "fast", target="openvino", only=["openvino"])
    bundle = open_bundle(made.path, verify=True)
    assert {(trial.engine, trial.precision) for trial in made.trials if "openvino" in trial.passes} == {("openvino", "fp32")}
    engines = {one.engine for entry in bundle.manifest.graphs.values() for one in entry.variants}
    assert engines == {"onnx", "openvino"}
    assert all(run.ok for run in run_golden(bundle))
    assert any("pip install 'tingshuo[openvino]'" in note for note in made.notes)
    assert "openvino fp32" in (made.path / "MODELCARD.md").read_text("utf-8")
    spoken = Voice(bundle).synthesize("你好。").wav
    assert made.hearing is not None
    assert type(Voice(bundle).graphs["acoustic"]).__module__ == "tingshuo.engine.openvino"

    monkeypatch.setattr("tingshuo.tasks.choice.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "tingshuo.engine.openvino", None)
    plain = Voice(bundle)
    assert type(plain.graphs["acoustic"]).__module__ == "tingshuo.engine.onnx"
    assert error_db(plain.synthesize("你好。").wav, spoken) < -60
    with pytest.raises(EngineNotInstalledError, match=r"pip install 'tingshuo\[openvino\]'"):
        Voice(bundle, engine="openvino")
    with pytest.raises(EngineNotInstalledError, match=r"pip install 'tingshuo\[openvino\]'"):
        optimize_bundle(imported("graph_voice"), tmp_path / "again", target="openvino")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fast"]


def test_a_vocoder_is_judged_by_speech_that_sounds_again(tmp_path, tmp_path_factory, quick):
    made = optimize_bundle(vocoder_bundle("hifigan", tmp_path_factory), tmp_path / "fast", only=["wide", "int8-static"])
    assert made.hearing is not None
    assert made.hearing.mel_nepers is not None
    tried = {trial.passes for trial in made.trials}
    assert tried == {(), ("wide",), ("int8-static",), ("wide", "int8-static")}
    assert made.path is not None
    assert all(run.ok for run in run_golden(open_bundle(made.path, verify=True)))


def test_a_voice_that_cannot_say_our_sentences_is_judged_by_its_golden_vectors(imported, tmp_path, quick, monkeypatch):
    monkeypatch.setattr("tingshuo.port.material.TEST", ())
    monkeypatch.setattr(optimizing, "measure", None)
    made = optimize_bundle(imported("graph_voice"), tmp_path / "fast", skip=["int8-static", "int8-static-all", "torch-compile"])
    assert made.path is not None
    assert (made.hearing, made.before, made.after) == (None, {}, {})
    assert made.notes == [optimizing.UNHEARD]
    assert made.untried == ["torch-compile-bf16"]
    assert "golden vectors alone" in (made.path / "MODELCARD.md").read_text("utf-8")


def test_nothing_is_written_where_nothing_helps(imported, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "race", lambda runners, clock, rounds=9: {"new": Standing(1.0, 1.0)})
    made = optimize_bundle(imported("sambert"), tmp_path / "fast", only=["step"])
    assert made.path is None
    assert not list(tmp_path.iterdir())
    assert {trial.status for trial in made.trials} >= {"stored", "no gain", "not applicable"}


def test_the_voice_is_measured_in_turns_and_the_smaller_figure_counts(monkeypatch, imported, tmp_path, quick):
    told = iter([5.0, 4.0, 3.0, 6.0] * 2)
    monkeypatch.setattr(optimizing, "measure", lambda folder, threads: {"rtf": next(told)})
    made = optimize_bundle(imported("graph_voice"), tmp_path / "fast", only=["fold"])
    assert (made.before, made.after) == ({1: {"rtf": 3.0}, 2: {"rtf": 3.0}}, {1: {"rtf": 4.0}, 2: {"rtf": 4.0}})


def test_what_cannot_be_begun_leaves_nothing(imported, tmp_path):
    with pytest.raises(EngineNotInstalledError):
        optimize_bundle(imported("sambert"), tmp_path / "fast", target="cuda")
    with pytest.raises(BundleError):
        optimize_bundle(tmp_path / "none", tmp_path / "fast")
    assert not list(tmp_path.iterdir())
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="--force"):
        optimize_bundle(imported("sambert"), tmp_path / "there")
