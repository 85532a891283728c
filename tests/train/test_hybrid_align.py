"""Frames become states: from nothing, by other models, and what an alignment says of the states."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.chimes import GAP_S, SYLLABLE_S, write_chimes
from tests.train.classic import small

from tingshuo.data.utterance import read_manifest
from tingshuo.text.symbols import PHONES
from tingshuo.train.hybrid_align import NOBODY, align, count_states, flat_start, path_of_syllables, with_tones
from tingshuo.train.hybrid_material import gather

pytestmark = pytest.mark.train
CONFIG = small()


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    rows = read_manifest(write_chimes(tmp_path_factory.mktemp("data") / "chimes", 30, 2))
    return gather(rows, CONFIG.mfcc, CONFIG.hmm.states, 16.0, tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def labels(material):
    return flat_start(material, CONFIG.hmm)


def test_a_path_knows_the_tones_of_its_finals():
    plain = path_of_syllables(("ma3", "an4"), 2)
    phones = ("sil", "m", "a3", "an4")
    toned = with_tones(plain, phones)
    said = [phones[state // 2] for state in toned.states[::2]]
    assert said == ["sil", "m", "a3", "sil", "an4", "sil"]
    assert [PHONES[state // 2] for state in plain.states[::2]] == ["sil", "m", "a", "sil", "an", "sil"]
    np.testing.assert_array_equal(toned.optional, plain.optional)


def test_each_clip_goes_through_the_states_of_what_it_says(material, labels):
    for clip in material.taught[:5]:
        own = labels[clip.first : clip.first + clip.frames]
        phones = [material.phones[state // 3] for state in own[np.flatnonzero(np.diff(own, prepend=-2))]]
        kept = [phone for phone, before in zip(phones, ["", *phones[:-1]], strict=True) if phone not in ("sil", before)]
        assert kept[0] in material.phones
        assert phones[0] == phones[-1] == "sil"
        assert (own != NOBODY).all()


def test_speech_is_found_where_it_is(material, labels):
    shares = []
    for clip in material.taught:
        own = labels[clip.first : clip.first + clip.frames] >= 3
        expected = len(clip.syllables) * (SYLLABLE_S + GAP_S) / material.frame_s
        shares.append(own.sum() / expected)
    assert 0.5 < np.median(shares) < 1.3


class Oracle:
    """Knows the state of each frame, in states of phones with tones, from the first coefficient that it is given."""

    def __init__(self, states):
        self.states = states

    def score(self, frames, states=None):
        scores = np.zeros((len(frames), self.states), np.float32)
        scores[np.arange(len(frames)), frames[:, 0].astype(int)] = 5
        return scores if states is None else scores[:, states]


def test_other_models_find_what_they_know(material, labels):
    def hear(clip):
        return np.stack([labels[clip.first : clip.first + clip.frames], np.zeros(clip.frames)], 1).astype(np.float32)

    told = []
    found = align(material, Oracle(3 * len(material.phones)), 3, hear, tones=True, progress=lambda *done: told.append(done))
    np.testing.assert_array_equal(found, labels)
    assert told == [(32, 32)]


def test_clips_with_unknown_syllables_have_no_states(material, labels):
    clip = material.held_out[0]
    from dataclasses import replace

    strange = replace(material, held_out=(clip._replace(syllables=("zhuang4",)),))
    found = align(strange, Oracle(len(PHONES) * 3), 3, lambda one: np.zeros((one.frames, 2), np.float32))
    assert (found[clip.first : clip.first + clip.frames] == NOBODY).all()


def test_states_are_counted(material, labels):
    counts = count_states(material, labels, 3)
    assert np.exp(counts.priors).sum() == pytest.approx(1, abs=1e-5)
    taught = np.concatenate([labels[clip.first : clip.first + clip.frames] for clip in material.taught])
    assert counts.priors.argmax() == np.bincount(taught).argmax()
    assert (counts.durations >= 1).all()
    first = taught == 0
    runs = sum((np.diff((labels[c.first : c.first + c.frames] == 0).astype(int), prepend=0) == 1).sum() for c in material.taught)
    assert counts.durations[0] == pytest.approx(first.sum() / runs)
