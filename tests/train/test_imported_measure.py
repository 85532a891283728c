"""A teacher and its student side by side: figures of one run, each of what it says."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.imported_voice import TEXTS, read_own

from tingshuo.tasks.voices import find_voice
from tingshuo.train import imported_measure as module
from tingshuo.train.imported_measure import compare_imported
from tingshuo.train.shrink_measure import NO_RECOGNISER, Row

pytestmark = pytest.mark.train


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr("tingshuo.train.imported_lessons.read", read_own)
    monkeypatch.setattr(module, "heard", lambda *_: [Row("speaker_similarity", "timbre", "", None, float("nan"))])


def test_a_voice_beside_itself_is_as_near_as_its_vocoder_lets_it(stranger, quickly):
    """What is compared is what was heard of the one, with noise of its vocoder, and what the graphs of the other predict."""
    teacher, _ = stranger
    table = compare_imported(teacher, find_voice("default"), None, TEXTS[:2], 1)
    for key in ("acoustic_parameters", "parameters", "file_mb"):
        assert table[key].after == table[key].before > 0
    assert table["mel_l1_nepers"].after < 0.45
    assert table["f0_rmse_cents"].after < 60
    assert table["voicing_changed_pct"].after < 15
    assert table["duration_error_ms"].after < 4
    assert table["length_error_pct"].after < 1
    assert table["rtf"].after > table["acoustic_rtf"].after > 0
    assert table.notes[0] == NO_RECOGNISER
    assert "wanted: choose smaller sizes with --set" in table.notes[1], "it has as many parameters as it has"
    assert table.notes[2] == (
        "Distances: the student was given its own durations of the teacher and its F0, and compared frame by frame."
    )
    assert table.notes[3] == "Nothing to compare was heard for: timbre."
    assert np.isfinite([row.after for row in table.rows]).all()
    assert table.subject.startswith("2 sentences that were not learnt from; RTF on 2 of them")


def test_a_student_that_keeps_to_its_bounds_is_told_without_advice():
    rows = [Row("parameters", "", "M", 10.0, 4.9), Row("rtf", "", "", 0.3, 0.1)]
    assert module._bounds(rows) == "The student has 0.49 of its teacher's parameters and is 3.0 times as fast."
    slow = [rows[0], Row("rtf", "", "", 0.12, 0.1)]
    assert module._bounds(slow).endswith("is 1.2 times as fast; at most 0.5 and at least 1.3 were wanted: choose smaller sizes "
                                         "with --set.")  # fmt: skip


def test_how_and_how_far_up_is_told(stranger):
    teacher, corpus = stranger
    own = teacher.bundle.held
    slow = dataclasses.replace(
        teacher, bundle=dataclasses.replace(teacher.bundle, held=own.replace(mel=own.mel.replace(sample_rate=16000)))
    )
    assert module._how(dataclasses.replace(corpus, hidden={}), slow, 24000) == (
        "Distances: the student was given the durations that an aligner heard of the teacher and its F0, and compared frame by "
        "frame, up to the 8 kHz that the teacher has."
    )
