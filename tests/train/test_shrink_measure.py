"""Two voices measured side by side."""

import pytest

pytest.importorskip("torch")

from tests.train.small_voice import TEXTS, write_voice

from tingshuo.train.shrink_measure import Comparison, Row, compare, speeds

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return write_voice(tmp_path_factory.mktemp("voices") / "teacher")


def test_a_voice_beside_itself_differs_in_nothing(teacher):
    table = compare(teacher, teacher, TEXTS[:2], repeats=1)
    for row in table.rows:
        if row.before is None:
            assert row.after < {"mel_l1_nepers": 2e-3, "f0_rmse_cents": 1.0}.get(row.key, 0.3), row.key
        elif "rtf" not in row.key:
            assert row.after == row.before


def test_a_comparison_is_looked_up_by_key_and_written_as_json():
    table = Comparison((Row("rtf", "RTF", "", 0.02, 0.01), Row("mel_l1_nepers", "mel", "nepers", None, 0.05)), "one sentence")
    assert table["rtf"].after == 0.01
    assert table.fields()["figures"]["mel_l1_nepers"] == {"before": None, "after": 0.05, "unit": "nepers"}
    with pytest.raises(StopIteration):
        table["loudness"]


def test_both_are_timed_with_the_same_speaker():
    asked = []

    class Voice:
        def synthesize(self, text, **controls):
            asked.append((text, controls))
            stages = type("Stages", (), {"rtf": 0.5, "acoustic_ms": 100.0})
            return type("Speech", (), {"duration_s": 2.0, "stages": stages})

    rows = [*speeds([Voice(), Voice()], ["a"], 1, {"speaker": "b"})]
    assert asked == [("a", {"speaker": "b"})] * 4
    assert [(row.key, row.before, row.after) for row in rows] == [("rtf", 0.5, 0.5), ("acoustic_rtf", 0.05, 0.05)]
