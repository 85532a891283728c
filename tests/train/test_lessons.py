import numpy as np
import pytest

import tingshuo
from tingshuo.errors import PortError
from tingshuo.train.lessons import record_lessons


@pytest.fixture(scope="module")
def teacher():
    return tingshuo.load(precision="fp32")


def test_lessons_are_what_the_graphs_answer(teacher):
    lessons = record_lessons(teacher, ["你好吗？", "……", "今天天气很好，我们走吧。"])
    assert lessons.sentences == 2
    assert lessons.borders[-1] == len(lessons.f0) == len(lessons.mel) == len(lessons.pitch) == len(lessons.frames)
    first = slice(0, lessons.borders[1])
    inputs = {name: getattr(lessons, name)[first].astype(np.float32)[None] for name in ("frames", "place", "f0", "unvoiced")}
    mel = teacher.graphs["decoder"].run({**inputs, "speaker": teacher.timbre().speaker})["mel"][0].T
    assert np.abs(mel - lessons.mel[first]).mean() < 0.02


def test_a_seed_fixes_the_manner(teacher):
    a, b, c = (record_lessons(teacher, ["你好吗？"], seed) for seed in (1, 1, 2))
    assert np.array_equal(a.mel, b.mel)
    assert a.mel.shape != c.mel.shape or not np.array_equal(a.mel, c.mel)


def test_texts_that_cannot_be_spoken_are_no_lesson(teacher):
    with pytest.raises(PortError, match="sentences"):
        record_lessons(teacher, ["……", ""])
