import numpy as np
import pytest

import tingshuo
from tingshuo.errors import TrainError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice
from tingshuo.train.lessons import Lessons, graph_inputs, record_lessons


@pytest.fixture(scope="module")
def teacher():
    bundle = open_bundle(find_voice("default"))
    graphs = tingshuo.load(precision="fp32").graphs
    return graphs, bundle.config, bundle.tensors("weights/acoustic.safetensors")


@pytest.fixture(scope="module")
def lessons(teacher):
    return record_lessons(*teacher, ["你好吗？", "……", "今天天气很好，我们走吧。"])


def test_lessons_are_what_the_graphs_answer(teacher, lessons):
    graphs, config, tables = teacher
    assert len(lessons) == 2
    assert lessons.frame_borders[-1] == len(lessons.f0) == len(lessons.mel) == len(lessons.pitch) == lessons.durations.sum()
    assert lessons.phone_borders[-1] == len(lessons.ids) == len(lessons.hidden) == len(lessons.log_duration)
    seen = graph_inputs(lessons, config, tables, 2)
    for number in range(2):
        frames, phones = lessons.frames_of(number), lessons.phones_of(number)
        asked = {key: seen["decoder"][number][key] for key in graphs["decoder"].spec.inputs}
        mel = graphs["decoder"].run(asked)["mel"][0].T
        assert np.abs(mel - lessons.mel[frames]).mean() < 0.02
        encoded = graphs["encoder"].run(seen["encoder"][number])
        assert np.abs(encoded["hidden"][0] - lessons.hidden[phones]).mean() < 1e-2
        assert np.abs(encoded["log_duration"][0] - lessons.log_duration[phones]).mean() < 1e-2
        assert seen["vocoder"][number]["mel"].shape == (1, 100, len(lessons.f0[frames]))
        hertz = seen["vocoder"][number]["f0"]
        assert 80 < hertz[hertz > 0].mean() < 500


def test_only_so_many_sentences_are_kept_frame_by_frame(teacher, lessons):
    _, config, tables = teacher
    seen = graph_inputs(lessons, config, tables, 1)
    assert (len(seen["encoder"]), len(seen["decoder"]), len(seen["vocoder"])) == (2, 1, 1)


def test_a_seed_fixes_the_manner(teacher):
    a, b, c = (record_lessons(*teacher, ["你好吗？"], seed) for seed in (1, 1, 2))
    assert np.array_equal(a.mel, b.mel)
    assert a.mel.shape != c.mel.shape or not np.array_equal(a.mel, c.mel)


def test_progress_is_told(teacher):
    told = []
    record_lessons(*teacher, ["你好。", "……"], progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]


def test_texts_that_cannot_be_spoken_are_no_lesson(teacher):
    with pytest.raises(TrainError, match="none of the texts can be spoken; give Chinese sentences"):
        record_lessons(*teacher, ["……", ""])


def test_what_is_saved_is_read_again(lessons, tmp_path):
    lessons.save(tmp_path / "lessons")
    again = Lessons.load(tmp_path / "lessons")
    assert all(np.array_equal(getattr(again, name), getattr(lessons, name)) for name in Lessons.__slots__)


@pytest.mark.parametrize("content", [b"", b"\x05" * 40])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "lessons").write_bytes(content)
    with pytest.raises(TrainError, match="remove the file and begin anew"):
        Lessons.load(tmp_path / "lessons")
