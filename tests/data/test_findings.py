"""Rules: each kind is found where it was put and nowhere else."""

import numpy as np
import pytest

from tingshuo.data.findings import (
    KINDS,
    band_limits,
    corpus_findings,
    repeated_findings,
    row_findings,
    tempo_findings,
    tempo_scores,
)
from tingshuo.data.measures import Measures
from tingshuo.data.utterance import Utterance

GOOD = Measures(24000, 2.0, 0.5, 0.0, 0.0, -22.0, -60.0, 38.0, 0.1, 0.1, 0.2, 12000.0, "x")


def row(id="a", **fields):
    return Utterance(id=id, audio="x.wav", **fields)


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({"clipped": 0.002}, "clipped", "0.20 % of the samples are cut off"),
        ({"snr_db": 8.0}, "noisy", "only 8 dB above the noise"),
        ({"level_db": -45.0}, "level", "lies at -45 dB"),
        ({"level_db": -35.0}, "level", "that of the others at -22 dB"),
        ({"lead_s": 1.5}, "silence", "1.5 s of silence at the beginning"),
        ({"tail_s": 1.2}, "silence", "at the end"),
        ({"pause_s": 2.0}, "silence", "2.0 s of silence inside"),
        ({"dc": -0.02}, "dc", "-0.020"),
        ({"duration_s": 30.0}, "length", "lasts 30.00 s"),
        ({"duration_s": 0.2, "lead_s": 0.0}, "length", "lasts 0.20 s"),
        ({"lead_s": 2.0, "tail_s": 0.0}, "silent", "nothing but silence"),
    ],
)
def test_each_rule(changes, kind, why):
    assert not list(row_findings(row(), GOOD, -22.0))
    [found] = row_findings(row(), GOOD._replace(**changes), -22.0)
    assert (found.kind, found.id) == (kind, "a")
    assert why in found.why


def test_a_recording_that_lasts_too_long_for_its_text_is_found_among_its_speakers():
    rng = np.random.default_rng(0)
    rows, measures, syllables = [], [], []
    for speaker, tempo in (("slow", 0.4), ("quick", 0.15)):
        for k in range(60):
            n = int(rng.integers(3, 25))
            rows.append(row(f"{speaker}{k}", speaker=speaker))
            measures.append(GOOD._replace(duration_s=0.2 + tempo * n * float(rng.uniform(0.9, 1.1))))
            syllables.append(n)
    # As long as the slow one would take, so only among the quick ones is it odd.
    rows.append(row("odd", speaker="quick"))
    measures.append(GOOD._replace(duration_s=0.2 + 0.4 * 10))
    syllables.append(10)
    rows.append(row("untold", speaker="quick"))
    measures.append(GOOD._replace(duration_s=19))
    syllables.append(0)
    [found] = tempo_findings(rows, measures, syllables)
    assert found.id == "odd"
    assert "4.00 s of speech is long for 10 syllables" in found.why


def test_few_recordings_are_compared_over_all_speakers():
    seconds = np.array([0.2 * 5] * 9 + [3.0])
    scores = tempo_scores(seconds, np.full(10, 5), [f"s{k}" for k in range(10)])
    assert np.abs(scores[:9]).max() < 1
    assert scores[9] > 5


def test_repeats_and_leakage():
    rows = [
        row("a", text="你好。", speaker="x"),
        row("b", text="你好", speaker="x"),
        row("c", text="你好", speaker="y"),
        row("d", text="你好！", speaker="z", split="dev"),
        row("e", text="再见", split="dev"),
        row("f", split="test"),
        row("g"),
    ]
    prints = {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "2", "g": "3"}
    found = {(f.kind, f.id): f.why for f in repeated_findings(rows, prints)}
    assert found == {
        ("same_text", "b"): "has the text of 'a'",
        ("leakage", "d"): "has the text of 'a', which is trained on",
        ("leakage", "f"): "has the audio of 'b', which is trained on",
        ("same_audio", "g"): "has the audio of 'c'",
    }


def test_the_whole_corpus():
    rows = [row(f"r{k}", speaker="x" if k < 10 else "y") for k in range(20)]
    measures = [GOOD._replace(bandwidth_hz=8000.0)] * 10 + [GOOD._replace(sample_rate=16000, bandwidth_hz=8000.0)] * 10
    assert band_limits(rows, measures) == {("x", 24000): 8000, ("y", 16000): 8000}
    rates, narrow = corpus_findings(rows, measures)
    assert "16000 Hz (10), 24000 Hz (10)" in rates.why
    assert narrow.why == "recordings of speaker 'x' at 24000 Hz have nothing above 8.0 kHz"
    assert {rates.kind, narrow.kind} == {"rates", "narrow"}
    assert not corpus_findings(rows[:5], [GOOD] * 5)


def test_every_kind_has_a_name_in_both_languages():
    assert all(kind.zh and kind.en and kind.severity in ("bad", "warning", "note") for kind in KINDS.values())
