import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from tingshuo.models.fastspeech.config import FastSpeechConfig  # noqa: E402
from tingshuo.models.fastspeech.net import PLACE_FEATURES, FastSpeech  # noqa: E402
from tingshuo.train.distill import CROP_FRAMES, EDGE_FRAMES, ERRORS, Schedule, cut, distil, make_student  # noqa: E402
from tingshuo.train.lessons import Lessons  # noqa: E402

pytestmark = pytest.mark.train

TEACHER = FastSpeechConfig(
    phonemes=9, styles=2, speakers=1, mels=6, dim=16, heads=2, encoder_layers=1, encoder_hidden=16, duration_layers=1,
    pitch_layers=2, pitch_hidden=16, decoder_dim=24, decoder_hidden=32, decoder_layers=2,
)  # fmt: skip
STUDENT = TEACHER.replace(pitch_hidden=8, decoder_dim=12, decoder_hidden=16)


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(0)
    return FastSpeech(TEACHER).eval()


@pytest.fixture(scope="module")
def lessons(teacher):
    """Six sentences of noise, answered by the teacher."""
    rng = np.random.default_rng(0)
    rows = []
    for length in (90, 300, 500, 120, 40, 260):
        frames = np.repeat(rng.normal(size=(length // 10, TEACHER.dim)), 10, axis=0).astype(np.float32)
        place = rng.random((length, PLACE_FEATURES), np.float32)
        f0, unvoiced = rng.normal(size=length).astype(np.float32), (rng.random(length) > 0.6).astype(np.float32)
        style = rng.normal(size=(1, TEACHER.dim)).astype(np.float32)
        f, p, x, u, s = (torch.from_numpy(a)[None] for a in (frames, place, f0, unvoiced, style[0]))
        with torch.inference_mode():
            pitch = teacher.predict_pitch(f, p, s)[0].numpy()
            mel = teacher.decode(f, p, x, u, teacher.speaker.weight[:1])[0].T.numpy()
        rows.append((frames, place, f0, unvoiced, pitch, mel, style))
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    borders = np.cumsum([0, *(len(row[2]) for row in rows)])
    return Lessons(*(c.astype(np.float16) for c in columns[:6]), columns[6], borders)


def test_a_student_keeps_what_has_the_same_shape(teacher):
    student, old = make_student(teacher, STUDENT).state_dict(), teacher.state_dict()
    same = {k for k in student if student[k].shape == old[k].shape and torch.equal(student[k], old[k])}
    assert {k for k in old if k.startswith(("encoder.", "phoneme.", "tone.", "style.", "duration."))} <= same
    assert student["decoder.0.expand.weight"].shape == (16, 12)
    assert student["speaker.weight"].shape == (1, 12)


def test_crops_are_cut_where_they_say(lessons):
    batch = cut(lessons, np.array([2, 4]), [100, -5])
    begin = lessons.borders[2]
    assert np.array_equal(batch.mel[0].numpy(), lessons.mel[begin + 100 : begin + 100 + CROP_FRAMES].astype(np.float32))
    assert batch.valid[0].all()
    assert batch.weight[0].sum() == CROP_FRAMES - 2 * EDGE_FRAMES
    assert batch.valid[1].sum() == batch.weight[1].sum() == 40
    assert np.array_equal(batch.f0[1, 5:45].numpy(), lessons.f0[lessons.borders[4] : lessons.borders[5]].astype(np.float32))
    assert not batch.frames[1, :5].any()
    assert not batch.frames[1, 45:].any()


@pytest.mark.parametrize("part", ["pitch", "decoder"])
def test_a_student_learns_its_part_and_leaves_the_rest(teacher, lessons, part):
    student = make_student(teacher, STUDENT)
    before = {k: v.clone() for k, v in student.state_dict().items()}
    exam, seen = cut(lessons, np.arange(5), [0] * 5), []
    with torch.no_grad():
        untaught = ERRORS[part](student, exam).loss
    distil(student, lessons, part, Schedule(60, rate=5e-3, batch=4, warm_up=5), lambda *row: seen.append(row), every=20)
    assert [step for step, *_ in seen] == [20, 40, 60]
    with torch.no_grad():
        assert ERRORS[part](student, exam).loss < 0.75 * untaught
    changed = {k.split(".")[0] for k, v in student.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == (
        {"pitch"} if part == "pitch" else {"pitch_embedding", "decoder_in", "decoder", "decoder_norm", "mel", "speaker"}
    )


def test_the_same_seed_teaches_the_same(teacher, lessons):
    students = []
    for _ in range(2):
        torch.manual_seed(3)
        student = make_student(teacher, STUDENT)
        distil(student, lessons, "decoder", Schedule(5, batch=2), lambda *_: None)
        students.append(student.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(students[0].values(), students[1].values(), strict=True))
