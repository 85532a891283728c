"""What an evaluation holds."""

import numpy as np

from tingshuo.tasks.evaluate.compare import Heard
from tingshuo.tasks.evaluate.figures import Figure
from tingshuo.tasks.evaluate.result import Evaluation, Result, Sound

SOUND = Sound(np.zeros(0, np.float32), Heard(*(np.zeros((0, 0), np.float32),) * 3))


def result(name, **measures):
    return Result(name, "好。", "", "tan", {"speech": measures}, SOUND, {})


def evaluation(results, figures=()):
    return Evaluation("v", "1.0.0", "fp32", "natural", ("tan",), "rows", 24000, 256, results, list(figures))


def test_the_worst_are_farthest_from_their_recordings():
    rows = [result(name, mcd_db=value) for name, value in (("a", 3.0), ("b", 5.0), ("c", 4.0))]
    assert [one.id for one in evaluation(rows).worst(2)] == ["b", "c"]


def test_without_recordings_what_does_not_sound_comes_first_then_unlikely_tones():
    rows = [
        result("good", inaudible_pct=0.0, tones_correlation=0.9),
        result("odd", inaudible_pct=0.0, tones_correlation=0.2),
        result("mute", inaudible_pct=20.0, tones_correlation=0.9),
        result("toneless", inaudible_pct=0.0, tones_correlation=np.nan),
    ]
    assert [one.id for one in evaluation(rows).worst(4)] == ["mute", "odd", "good", "toneless"]


def test_sounds_and_kinds_keep_their_order():
    row = Result("a", "好。", "tan", "tan", {}, SOUND, {}, recording=SOUND, forced=SOUND)
    assert list(row.sounds()) == ["recording", "forced", "speech"]
    figures = [Figure("mcd_db", kind, 1.0, 0.9, 1.1, 3) for kind in ("speech", "copy")]
    assert evaluation([row], figures).kinds == ["copy", "speech"]
