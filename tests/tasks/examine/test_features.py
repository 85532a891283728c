"""Features that were computed otherwise are told by what would mend them."""

import re

import numpy as np
import pytest
import soundfile

from tingshuo.audio.mel import log_mel
from tingshuo.config import MelConfig
from tingshuo.errors import DataError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.examine.features import examine_features, examine_input, golden_features, mel_of
from tingshuo.tasks.voices import find_voice

MEL = MelConfig()


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(find_voice("default"))


@pytest.fixture(scope="module")
def speech(bundle):
    return golden_features(bundle).astype(np.float64)


@pytest.mark.parametrize(
    ("spoil", "state", "said"),
    [
        (lambda mel: mel, "ok", "the model knows"),
        (lambda mel: mel / np.log(10), "broken", "they are decimal logarithms"),
        (lambda mel: mel * 20 / np.log(10), "broken", "they are decibels of magnitude"),
        (lambda mel: mel * 2, "broken", "they are logarithms of power"),
        (np.exp, "broken", "they are magnitudes without a logarithm"),
        (lambda mel: mel[:80], "broken", r"wanted are \(100, frames\)"),
        (lambda mel: mel * np.nan, "broken", "hold NaN"),
        (lambda mel: mel + 50, "broken", "the model knows"),
    ],
)
def test_what_was_computed_otherwise_is_named(speech, spoil, state, said):
    (found,) = examine_features(spoil(speech), speech, MEL)
    assert found.state == state
    assert re.search(said, found.detail), found.detail
    assert bool(found.remedy) == (state == "broken")


def test_frames_first_are_turned_and_then_looked_at(speech):
    turned, rest = examine_features(speech.T, speech, MEL)
    assert "frames first" in turned.detail
    assert rest.state == "ok"


def test_a_model_without_golden_features_says_so():
    (found,) = examine_features(np.zeros((3, 4)), None, None)
    assert (found.state, found.name) == ("note", "features")


def test_a_sound_is_compared_by_rate_channels_and_level(bundle, tmp_path):
    loud = tmp_path / "loud.wav"
    tone = 0.5 * np.sin(np.arange(16000) * 0.1)
    soundfile.write(loud, np.stack([tone, tone], 1), 16000, subtype="FLOAT")
    found = {one.name: one for one in examine_input(bundle, loud)}
    assert (found["sample rate"].state, found["sample rate"].remedy) == ("broken", "resample to 24000 Hz")
    assert found["channels"].state == "note"
    assert found["level"].state == "ok"
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(24000), 24000)
    found = {one.name: one for one in examine_input(bundle, quiet)}
    assert (found["sample rate"].state, found["level"].state) == ("ok", "note")


def test_features_from_a_file(bundle, speech, tmp_path):
    np.save(tmp_path / "mel.npy", speech[None])
    (found,) = examine_input(bundle, tmp_path / "mel.npy")
    assert found.state == "ok"
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"bad\.npy: cannot be read"):
        list(examine_input(bundle, tmp_path / "bad.npy"))


def test_the_mel_of_speech_is_what_the_golden_vectors_are_of(bundle, speech):
    assert mel_of(bundle.settings) == MEL
    silence = log_mel(np.zeros(24000, np.float32), MEL)
    assert abs(speech.mean() - silence.mean()) > 5
