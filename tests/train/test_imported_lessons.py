"""What a voice says is kept text by text, with what it told of it."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.imported_voice import TEXTS, speaking_model

import tingshuo
from tingshuo.config import StyleConfig
from tingshuo.errors import BundleError, OutputError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice
from tingshuo.train import imported_lessons as module
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.imported_lessons import key_of, make_plan, record, recorded
from tingshuo.train.imported_teacher import Teacher, check_teacher
from tingshuo.train.light_lessons import PLAN, Plan, Task
from tingshuo.types import Sentence

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return speaking_model("sambert", tmp_path_factory.mktemp("sambert"))


@pytest.fixture
def teacher(model, monkeypatch):
    """A stranger whose graphs are open already; its manifest is that of the built-in voice."""
    monkeypatch.setattr(module, "open_model", lambda teacher: model)
    bundle = open_bundle(find_voice("default"))
    settings = model[0].settings
    object.__setattr__(bundle, "held", settings)
    return Teacher(bundle, settings.speakers, settings.styles, ())


def test_speakers_styles_and_emotions_are_drawn_and_the_same_for_a_seed(teacher):
    styles = (StyleConfig("natural", ""), StyleConfig("loud", ""))
    several = Teacher(teacher.bundle, teacher.speakers, styles, ("happy", "lyrical"))
    plans = [make_plan(TEXTS * 10, several, seed) for seed in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]
    tasks = plans[0].tasks
    assert {task.speaker for task in tasks} == {one.name for one in teacher.speakers}
    assert {task.style for task in tasks} == {"natural", "loud"}
    assert {task.emotion for task in tasks} == {"neutral", "happy", "lyrical"}
    assert 0.3 < np.mean([task.emotion == "neutral" for task in tasks]) < 0.7
    assert {task.emotion for task in make_plan(TEXTS, teacher, 0).tasks} == {"neutral"}


def test_sound_words_and_symbols_are_kept(teacher, model, tmp_path):
    plan = Plan((Task("你好。"), Task("……"), Task("谢谢！再见。", "happy", teacher.speakers[1].name)))
    told = []
    record(teacher, plan, tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    said = list(recorded(tmp_path))
    assert [one.id for one in said] == ["00000.0", "00002.0", "00002.1"]
    assert "".join(word.text for word in said[0].words if word.syllables) == "你好"
    assert said[1].task.emotion == "happy"
    for one in said:
        assert one.read is not None
        assert len(one.wav) == round(one.read.seconds.sum() * model[0].settings.sample_rate)
        assert one.read.hidden.dtype == one.wav.dtype == np.float32
        symbols = model[0].symbols(Sentence("", "", one.words))
        np.testing.assert_array_equal(one.read.word_index, symbols.word_index)
        np.testing.assert_array_equal(one.read.syllable_index, symbols.syllable_index)
        assert np.abs(one.wav).max() <= 1


def test_what_was_spoken_is_not_spoken_again(teacher, tmp_path, monkeypatch):
    plan = Plan(tuple(Task(text) for text in TEXTS[:3]))

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt  # as a kill: what has been spoken stays

    with pytest.raises(KeyboardInterrupt):
        record(teacher, plan, tmp_path, stop)
    spoken = []
    real = module._spoken
    monkeypatch.setattr(module, "_spoken", lambda *args: spoken.append(args[2].text) or real(*args))
    record(teacher, plan, tmp_path, lambda *_: None)
    assert spoken == [TEXTS[2]]
    before = key_of(tmp_path)
    monkeypatch.setattr(module, "open_model", None)  # nothing is opened where all is there
    record(teacher, plan, tmp_path, lambda *_: None)
    assert key_of(tmp_path) == before
    assert Plan.read(tmp_path / PLAN) == plan
    record(teacher, Plan(plan.tasks[:2]), tmp_path, lambda *_: None)
    assert key_of(tmp_path) != before


def test_a_voice_that_tells_nothing_is_kept_with_its_silence(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "read", lambda *_: None)
    record(teacher, Plan((Task("你好。"),)), tmp_path, lambda *_: None)
    (said,) = recorded(tmp_path)
    assert said.read is None
    assert not said.wav[-100:].any()


def test_damage_and_a_full_disk_are_told(teacher, tmp_path):
    record(teacher, Plan((Task("你好。"),)), tmp_path, lambda *_: None)
    (tmp_path / "00000.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BundleError, match="00000"):
        list(recorded(tmp_path))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        record(teacher, Plan(()), tmp_path / "file", lambda *_: None)


def test_the_voice_that_is_recorded_is_the_bundles_own(tmp_path):
    teacher = check_teacher(open_bundle(find_voice("default")), ImportedConfig())
    record(teacher, Plan((Task("好。", speaker="S0252", style="brisk", seed=3),)), tmp_path, lambda *_: None)
    (said,) = recorded(tmp_path)
    expected = tingshuo.load("default", precision="fp32").synthesize("好。", speaker="S0252", style="brisk", seed=3)
    np.testing.assert_allclose(said.wav, expected.wav, atol=1e-4)
    assert json.loads((tmp_path / PLAN).read_text("utf-8"))["tasks"][0]["seed"] == 3
