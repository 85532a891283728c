"""``doctor``: what it finds, and that what is broken is said and counts."""

import json

import pytest

from tingshuo.app.cli import doctor
from tingshuo.errors import BundleError, EncoderNotInstalledError


class Measured:
    """A voice whose speech cost a known time."""

    precision = "fp32"

    def synthesize(self, _: str):
        from types import SimpleNamespace

        from tingshuo.types import Stages

        return SimpleNamespace(stages=Stages(ttfb_ms=20.0, rtf=0.01))


@pytest.fixture(autouse=True)
def _measured(monkeypatch, tingshuo):
    monkeypatch.setattr("tingshuo.tasks.voices.load", lambda *_: Measured())


def test_a_machine_that_works(tingshuo):
    done = tingshuo("doctor")
    assert (done.code, done.err) == (0, "")
    for word in ("python", "onnxruntime", "processor", "cores", "engine onnx", "format wav", "ffmpeg", "bundle"):
        assert word in done.text, word
    assert "RTF 0.0100 (100 times as fast as one speaks) with fp32 graphs on 1 thread, first audio after 20 ms" in done.text
    assert "FAIL" not in done.text


def test_for_machines(tingshuo):
    report = json.loads(tingshuo("doctor", "--json").out)
    assert report["ok"] is True
    assert {f["state"] for f in report["findings"]} <= {"ok", "note"}


def test_what_is_broken_is_said_and_the_rest_still_looked_at(tingshuo, monkeypatch):
    def damaged(*_: object) -> None:
        raise BundleError("weights are damaged")

    monkeypatch.setattr("tingshuo.store.bundle.verify_bundle", damaged)
    done = tingshuo("doctor")
    assert done.code == 10
    assert "FAIL  bundle" in done.text
    assert "weights are damaged" in done.text
    assert "ok    speech" in done.text
    assert done.err == "Error: speech does not work here: bundle; the lines above say why\n"


def test_a_missing_library_comes_with_its_command(monkeypatch):
    found = doctor._library("no-such-library")
    assert (found.state, found.detail) == ("broken", "is not installed: pip install no-such-library")


def test_a_missing_encoder_is_a_note(monkeypatch):
    def missing(name: str, _: int) -> None:
        raise EncoderNotInstalledError(f"{name} needs ffmpeg")

    monkeypatch.setattr("tingshuo.audio.write.open_encoder", missing)
    assert {f.state for f in doctor._formats() if f.name.startswith("format")} == {"note"}


def test_a_model_is_looked_at_with_its_remedies(tingshuo, monkeypatch, tmp_path):
    from tingshuo.tasks.examine.finding import Finding

    seen = []

    def look(folder, given):
        seen.append((folder.name, given))
        yield Finding("files", "ok", "all there")
        yield Finding("features", "broken", "they are decibels", "divide them by 8.686")

    monkeypatch.setattr("tingshuo.tasks.examine.model.examine_model", look)
    done = tingshuo("doctor", "--model", "default", "--input", str(tmp_path / "a.wav"))
    assert seen == [("default", tmp_path / "a.wav")]
    assert "FAIL  features  they are decibels. Remedy: divide them by 8.686" in done.text
    assert done.code != 0
    assert "default does not work here as it should: features" in done.err


def test_something_to_compare_needs_a_model(tingshuo):
    done = tingshuo("doctor", "--input", "a.wav")
    assert done.code == 2
    assert "name it with --model" in done.err
