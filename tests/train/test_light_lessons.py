"""What is recorded is what the vocoder was given and what it answered, laid so that frames are centred."""

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.light_voice import SIZES, TEXTS  # noqa: E402

from tingshuo.data.features import FULL_SCALE  # noqa: E402
from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks import vocoder  # noqa: E402
from tingshuo.tasks.vocoder import chunk_borders  # noqa: E402
from tingshuo.train.light_config import LightConfig, student_sizes  # noqa: E402
from tingshuo.train.light_lessons import Plan, Recorder, Task, make_plan, read_lessons, record, stitch  # noqa: E402
from tingshuo.train.light_teacher import GRAPH, check_teacher, columns_of  # noqa: E402

pytestmark = pytest.mark.train
PLAN = Plan((Task("你好，今天真好。"), Task("……"), Task("谢谢大家。", seed=3)))


def lessons_of(source, voice, folder, plan=PLAN):
    bundle = open_bundle(source)
    settings = check_teacher(bundle)
    record(bundle, settings, voice.graphs, plan, folder, lambda done, total: None)
    columns = columns_of(settings, voice.graphs[GRAPH])
    return settings, read_lessons(folder, settings, student_sizes(LightConfig(sizes=SIZES), columns, settings.frames.hop_length))


@pytest.mark.parametrize("longest", [7, 64])
def test_windows_are_stitched_to_the_frames_of_the_sentence(monkeypatch, longest):
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    frames, before, after = np.arange(2 * 23).reshape(2, 23), 3, 2
    borders = chunk_borders(23, first=False)
    windows = [frames[:, max(0, a - before) : b + after] for a, b in pairwise(borders)]
    np.testing.assert_array_equal(stitch(windows, before, longest), frames)


@pytest.mark.parametrize("name", ["emotivoice", "sambert"])
@pytest.mark.parametrize("longest", [9, 512])
def test_samples_are_those_of_the_vocoder_half_a_hop_on(imported, speaking, tmp_path, monkeypatch, name, longest):
    """However a sentence was cut while it was recorded, the vocoder makes of all its frames what was kept."""
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    voice = speaking(name)
    settings, lessons = lessons_of(imported(name), voice, tmp_path / "lessons")
    clip, hop = lessons.features.clips[0], settings.frames.hop_length
    columns = lessons.columns[:, : clip.frames + 1].astype(np.float32)
    wav = voice.graphs[GRAPH].run({"mel": columns[None]})["wav"][0]
    kept = lessons.features.wav_of(clip)
    assert len(kept) == clip.frames * hop == clip.n_samples
    expected = np.clip(wav[hop - hop // 2 :][: len(kept)], -1, 1)
    # Frames were rounded to half precision and samples to 16 bits.
    np.testing.assert_allclose(kept, expected, atol=0.02 * np.abs(expected).max() + 2 / FULL_SCALE)


def test_a_text_that_cannot_be_said_is_passed_over(imported, speaking, tmp_path):
    _, lessons = lessons_of(imported("sambert"), speaking("sambert"), tmp_path / "lessons")
    assert {clip.id.partition(".")[0] for clip in lessons.features.clips} == {"0", "2"}
    assert next(clip.split for clip in lessons.features.clips) == "dev"
    with pytest.raises(TrainError, match="could say none of 1 texts"):
        lessons_of(imported("sambert"), speaking("sambert"), tmp_path / "none", Plan((Task("……"),)))


def test_segments_lie_where_they_were_cut(imported, speaking, tmp_path):
    settings, lessons = lessons_of(imported("sambert"), speaking("sambert"), tmp_path / "lessons")
    features, hop = lessons.features, settings.frames.hop_length
    clip = features.clips[1]
    part = lessons.cut(features, features.clips, np.array([[1, 2], [1, 3]]), 4, torch.device("cpu"))
    assert part.mel.shape[2] == part.f0.shape[1] == 5
    np.testing.assert_array_equal(part.wav[0, hop:], part.wav[1, :-hop])
    np.testing.assert_allclose(part.wav[0], features.wav_of(clip)[2 * hop : 6 * hop])
    np.testing.assert_array_equal(part.mel[0], lessons.columns[:, clip.f0_start + 2 : clip.f0_start + 7].astype(np.float32))


def test_a_student_of_a_vocoder_with_a_source_is_told_f0_beside_the_mel(imported, speaking):
    settings = check_teacher(open_bundle(imported("sambert_bytes")))
    session = speaking("sambert_bytes").graphs[GRAPH]
    bands = session.spec.inputs["mel"][1][1]
    recorder = Recorder(session, columns_of(settings, session))
    assert columns_of(settings, session) == bands + 2
    rng = np.random.default_rng(0)
    inputs = {
        name: rng.standard_normal([5 if isinstance(n, str) else n for n in shape]).astype(np.float32)
        for name, (_, shape) in recorder.spec.inputs.items()
    }
    assert inputs["mel"].shape[1] == bands + 2
    answer = recorder.run(inputs)["wav"]
    np.testing.assert_array_equal(answer, session.run({**inputs, "mel": inputs["mel"][:, :bands]})["wav"])
    assert recorder.windows[0].shape == (bands + 2, 5)


def test_speakers_and_emotions_are_drawn_and_the_same_for_a_seed(imported):
    settings = check_teacher(open_bundle(imported("emotivoice")))
    plans = [make_plan(TEXTS * 20, settings, ("neutral", "happy", "placeholder"), seed) for seed in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]
    assert {task.speaker for task in plans[0].tasks} == {one.name for one in settings.speakers}
    assert {task.emotion for task in plans[0].tasks} == {"neutral", "happy"}


def test_lessons_differ_by_what_was_said(imported, speaking, tmp_path):
    keys = []
    for n, text in enumerate(("你好。", "谢谢。")):
        _, lessons = lessons_of(imported("sambert"), speaking("sambert"), tmp_path / str(n), Plan((Task(text),)))
        keys.append(lessons.key)
    assert keys[0] != keys[1]
