"""A model as a whole, on this machine."""

import shutil

import pytest

from tingshuo.errors import BundleError
from tingshuo.tasks.examine import model
from tingshuo.tasks.examine.model import available_mb, examine_model
from tingshuo.tasks.voices import find_voice


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(model, "examine_graphs", lambda _: iter(()))


def test_a_sound_model(quick):
    found = {one.name: one for one in examine_model(find_voice("default"))}
    assert set(found) == {"files", "version of onnxruntime", "version of tingshuo", "precision", "memory"}
    assert {one.state for one in found.values()} == {"ok"}


def test_a_damaged_file_ends_the_examination(quick, tmp_path):
    folder = shutil.copytree(find_voice("default"), tmp_path / "voice")
    (folder / "config.json").write_text("{}")
    found = list(examine_model(folder))
    assert {one.name for one in found} == {"files"}
    assert found[0].state == "broken"
    assert "config.json" in found[0].detail
    with pytest.raises(BundleError):
        list(examine_model(tmp_path))


def test_an_older_runtime_than_it_was_made_with_is_noted(quick, monkeypatch):
    monkeypatch.setattr(model.metadata, "version", lambda _: "0.0.9")
    notes = [one for one in examine_model(find_voice("default")) if one.state == "note"]
    assert {one.name for one in notes} == {"version of onnxruntime", "version of tingshuo"}
    assert "pip install 'onnxruntime>=" in notes[0].remedy


def test_a_machine_with_little_memory_is_told_before_it_swaps(quick, monkeypatch):
    monkeypatch.setattr(model, "available_mb", lambda: 30.0)
    (found,) = [one for one in examine_model(find_voice("default")) if one.state == "broken"]
    assert found.name == "memory"
    assert "30 MB are free" in found.detail


def test_free_memory_is_read_where_the_system_tells(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2000 kB\n")
    assert available_mb(tmp_path / "meminfo") == pytest.approx(2.048)
    assert available_mb(tmp_path / "missing") is None
