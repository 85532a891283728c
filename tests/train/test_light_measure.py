"""Tables and what goes into a manifest; the measuring itself is in tests/train/test_light.py."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tingshuo.config import FrameConfig
from tingshuo.train.light_measure import NO_OPINION, Timed, as_table, figures, heard, heard_mel
from tingshuo.train.shrink_measure import Comparison, Row
from tingshuo.types import GraphSpec

pytestmark = pytest.mark.train
TABLE = Comparison(
    (Row("rtf", "RTF", "", 0.5, 0.05, 3), Row("mel_nepers", "distance", "nepers", None, float("nan"), 2)), "2 sentences"
)


def test_a_table_has_both_sides():
    assert as_table(TABLE) == (
        "2 sentences.\n\n| | before | after |\n|---|---|---|\n| RTF | 0.500 | 0.050  |\n| distance |  | nan nepers |\n"
    )


def test_a_manifest_holds_numbers_only():
    (one,) = figures(TABLE)
    assert one["figures"] == {"rtf": 0.05}
    assert (one["engine"], one["precision"], one["threads"]) == ("onnx", "fp32", 1)


def test_time_is_added_up_and_answers_are_handed_on():
    class Graph:
        spec = GraphSpec()

        def run(self, inputs):
            return {"wav": inputs["mel"] + 1}

    timed = Timed(Graph())
    for _ in range(2):
        np.testing.assert_array_equal(timed.run({"mel": np.zeros(2)})["wav"], np.ones(2))
    assert timed.seconds > 0
    assert timed.spec is Graph.spec


def test_distances_are_of_the_voices_own_frames():
    mel = heard_mel(FrameConfig(16000, 200))
    assert (mel.sample_rate, mel.hop_length, mel.n_mels, mel.fmax) == (16000, 200, 80, 8000)


def test_sides_of_different_rates_are_each_heard_at_their_own(monkeypatch):
    told = []
    monkeypatch.setattr("tingshuo.audio.speaker.speaker_vector", lambda wav, rate: told.append((len(wav), rate)) or np.ones(2))
    monkeypatch.setattr("tingshuo.train.light_measure.find_spec", lambda name: None)
    notes = []
    spoken = [np.zeros(8), np.zeros(8)], [np.zeros(12), np.zeros(12)]
    (row,) = heard(spoken, (16000, 24000), "the teacher", notes)
    assert told == [(16, 16000), (24, 24000)]
    assert (row.key, row.label, row.before) == ("speaker_similarity", "speaker similarity to the teacher, cosine", None)
    assert notes == [NO_OPINION]


def test_opinions_are_of_stretches_of_each_side(monkeypatch):
    class Judge:
        def judge(self, wav, rate):
            return type("Opinion", (), {"ovrl": len(wav) / rate + rate / 1000})

    monkeypatch.setattr("tingshuo.audio.speaker.speaker_vector", lambda wav, rate: np.ones(2))
    monkeypatch.setattr("tingshuo.train.light_measure.find_spec", lambda name: name)
    monkeypatch.setattr("tingshuo.audio.dnsmos.Dnsmos", Judge)
    spoken = [np.zeros(160)], [np.zeros(240)]
    row = heard(spoken, (16000, 24000), "", [])[1]
    assert (row.key, row.before, row.after) == ("dnsmos_ovrl", pytest.approx(16.01), pytest.approx(24.01))
