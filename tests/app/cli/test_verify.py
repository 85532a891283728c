"""``verify``."""

import json
import shutil

import pytest


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle.path, tmp_path / "voice")


def test_a_sound_bundle_by_name_and_by_path(tingshuo, copy):
    for name in ("default", copy):
        done = tingshuo("verify", name)
        assert (done.code, done.err) == (0, "")
        assert "all as the manifest says" in done.text
    assert json.loads(tingshuo("verify", copy, "--json").out)["ok"] is True


def test_a_damaged_bundle_names_the_file(tingshuo, copy):
    weights = copy / "weights" / "acoustic.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    done = tingshuo("verify", copy)
    assert done.code == 9
    assert "acoustic.safetensors" in done.text
    assert done.err.count("\n") == 1
    report = json.loads(tingshuo("verify", copy, "--json").out)
    assert report["ok"] is False
    assert len(report["problems"]) == 1


def test_a_folder_that_is_no_bundle(tingshuo, tmp_path):
    done = tingshuo("verify", tmp_path)
    assert (done.code, "is not a bundle" in done.err) == (9, True)
