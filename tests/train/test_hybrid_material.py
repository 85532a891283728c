"""Recordings as MFCC and syllables: what teaches, what is left out and why, and that nothing is computed twice."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.chimes import write_chimes
from tests.train.classic import small

from tingshuo.data.clips import read_clip
from tingshuo.data.utterance import read_manifest
from tingshuo.errors import DataError
from tingshuo.tasks.hybrid.ears import coefficients
from tingshuo.tasks.hybrid.network import phones_of
from tingshuo.train import hybrid_material
from tingshuo.train.hybrid_material import gather

pytestmark = pytest.mark.train
CONFIG = small()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return read_manifest(write_chimes(tmp_path_factory.mktemp("data") / "chimes", 8, 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("features")


def gathered(rows, folder, longest_s=16.0):
    return gather(rows, CONFIG.mfcc, CONFIG.hmm.states, longest_s, folder)


def test_clips_teach_or_judge_as_they_are_heard(rows, folder):
    found = gathered(rows, folder)
    assert (len(found.taught), len(found.held_out)) == (8, 2)
    clip = found.taught[3]
    expected = coefficients(read_clip(clip.row, 16000), CONFIG.mfcc) / found.deviation
    np.testing.assert_allclose(found.heard(clip), expected, atol=5e-3)
    assert len(clip.syllables) == len(clip.row.text)
    spoken = np.concatenate([found.heard(clip) for clip in found.taught])
    np.testing.assert_allclose(np.square(spoken).mean(0), 1, rtol=0.2)  # a clip that is left out counts too


def test_phones_are_those_that_are_heard_and_syllables_those_of_these_phones(rows, folder):
    found = gathered(rows, folder)
    said = {syllable for clip in found.taught for syllable in clip.syllables}
    assert found.phones[0] == "sil"
    assert set(found.phones[1:]) == {phone for syllable in said for phone in phones_of(syllable)}
    assert said <= set(found.units)
    assert all(set(phones_of(unit)) <= set(found.phones) for unit in found.units)
    assert np.exp(found.frequencies).sum() == pytest.approx(1, abs=1e-5)
    assert found.frequencies[found.units.index(next(iter(said)))] > found.frequencies.min()


def test_what_cannot_teach_is_left_out_with_the_reason(rows, folder):
    found = {one.where: one.why for one in gathered(rows, folder).skipped}
    assert "not Mandarin" in found["english"]
    assert "80 syllables in" in found["fast"]
    longer = gathered(rows, folder, 0.9)
    assert {one.why for one in longer.skipped} >= {"is longer than 0.9 s"}
    assert len(longer.taught) < 8
    with pytest.raises(DataError, match="no clip to learn from, 1 were skipped"):
        gathered([row for row in rows if row.id == "english"], folder.parent / "none")


def test_a_file_that_cannot_be_read_is_told(rows, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    some = [rows[0], rows[1].replace(audio=str(broken))]
    found = gathered(some, tmp_path / "features")
    assert [one.where for one in found.skipped] == [rows[1].id]


def test_what_is_computed_is_kept_until_something_changes(rows, folder, monkeypatch):
    gathered(rows, folder)
    monkeypatch.setattr(hybrid_material, "coefficients", None)
    gathered(rows, folder)
    with pytest.raises(TypeError):
        gathered(rows[1:], folder)
