"""Clips as features on disk and numbers of units; what cannot teach is left out with its reason."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.chimes import SMALL, write_chimes

from tingshuo.audio.fbank import fbank
from tingshuo.audio.read import read_mono
from tingshuo.data.utterance import read_manifest
from tingshuo.errors import DataError
from tingshuo.train import recogniser_material
from tingshuo.train.recogniser_config import read_recogniser_config
from tingshuo.train.recogniser_material import FEATURES, gather

pytestmark = pytest.mark.train
CONFIG = read_recogniser_config("listener", None, SMALL)


@pytest.fixture
def rows(tmp_path):
    return read_manifest(write_chimes(tmp_path / "chimes", 6, 2))


def test_features_are_those_of_the_clips_at_half_precision(rows, tmp_path):
    material = gather(rows, CONFIG, tmp_path / "features", {"ma1"})
    assert (len(material.taught), len(material.held_out)) == (6, 2)
    assert material.units == ("feng1", "ma1", "tian1", "xia4", "yu2")
    clip = material.taught[2]
    expected = fbank(read_mono(rows[2].audio, 16000)[0], CONFIG.fbank)
    assert material.mel(clip).shape == expected.shape
    np.testing.assert_allclose(material.mel(clip), expected, rtol=2e-3, atol=2e-3)
    names = {"天": "tian1", "鱼": "yu2", "夏": "xia4", "风": "feng1"}
    assert [material.units[unit - 1] for unit in clip.units] == [names[char] for char in rows[2].text]
    frames = np.concatenate([material.mel(one) for one in (*material.taught, *material.held_out)])
    np.testing.assert_allclose(material.cmvn.normalise(frames).std(0), 1, rtol=0.2)


def test_what_is_there_is_taken(rows, tmp_path, monkeypatch):
    first = gather(rows, CONFIG, tmp_path)
    monkeypatch.setattr(recogniser_material, "read_clips", None)
    again = gather(rows, CONFIG, tmp_path)
    assert again.taught == first.taught
    (tmp_path / FEATURES).unlink()
    with pytest.raises(TypeError):  # it would have to be computed
        gather(rows, CONFIG, tmp_path)


def test_characters_are_units_too(rows, tmp_path):
    material = gather(rows, CONFIG.replace(units="characters"), tmp_path)
    assert set(material.units) == set("天鱼夏风")


def test_what_cannot_teach_is_left_out_with_its_reason(rows, tmp_path):
    rows = [*rows, rows[0].replace(id="gone", audio=str(tmp_path / "none.wav")), rows[0].replace(id="kept back", split="test")]
    why = dict(gather(rows, CONFIG, tmp_path / "features").skipped)
    assert why.keys() == {"english", "fast", "gone"}
    assert "not Mandarin" in why["english"]
    assert "80 syllables in" in why["fast"]
    assert "none.wav" in why["gone"]
    shorter = gather(rows, CONFIG.replace(longest_s=1.2), tmp_path / "features")
    assert any(one.why == "is longer than 1.2 s" for one in shorter.skipped)
    assert all(clip.frames <= 120 for clip in shorter.taught)


def test_nothing_to_learn_from_is_refused(rows, tmp_path):
    with pytest.raises(DataError, match=r"no clip to learn from, 1 were skipped; the first .english. because it has words"):
        gather([row for row in rows if row.id == "english"], CONFIG, tmp_path)
