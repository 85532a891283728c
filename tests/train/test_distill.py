import json

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.small_voice import make_lessons, make_nets  # noqa: E402

from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.models.fastspeech.net import FastSpeech  # noqa: E402
from tingshuo.train.distill import (  # noqa: E402
    DistillConfig,
    DistillRecipe,
    answer,
    distill_losses,
    make_batch,
    make_student,
)
from tingshuo.train.lessons import graph_inputs  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402

pytestmark = pytest.mark.train

CPU = torch.device("cpu")
TINY = {"dim": 16, "encoder_hidden": 16, "pitch_hidden": 12, "decoder_dim": 12, "decoder_hidden": 16}


@pytest.fixture(scope="module")
def teacher():
    return make_nets()


@pytest.fixture(scope="module")
def lessons(teacher):
    return make_lessons(*teacher)


def settings(steps, **loop):
    config = DistillConfig()
    quick = {"batch_frames": 500, "rate": 3e-3, "warm_up": 5, "average": 0.9, "log_every": 1, "evaluate_every": 1000}
    return config.replace(loop=config.loop.replace(steps=steps, threads=1, **quick | loop))


def untaught(teacher, **sizes):
    return make_student(teacher[1], teacher[1].acoustic.config.replace(**sizes), {})


def test_the_teacher_answers_its_own_lessons_without_fault(teacher, lessons):
    batch = make_batch(lessons, [0, 3, 1], CPU)
    with torch.no_grad():
        losses = distill_losses(answer(teacher[1].acoustic, batch), batch, torch.nn.Identity())
    for name in ("mel", "shape", "hidden", "duration", "f0"):
        assert losses[name] < 5e-3, name
    entropy = torch.sigmoid(batch.pitch[..., 1])
    least = -(entropy * entropy.log() + (1 - entropy) * (1 - entropy).log())
    least = (least * batch.frames).sum() / batch.frames.sum()
    assert losses["voicing"] == pytest.approx(least.item(), abs=1e-3)


@torch.no_grad()
def test_each_loss_is_its_definition(teacher, lessons):
    batch = make_batch(lessons, [0, 4], CPU)
    right = answer(teacher[1].acoustic, batch)
    wrong = right._replace(mel=right.mel + 0.5, hidden=right.hidden * 1.5, log_duration=right.log_duration + 0.25)
    before, after = (distill_losses(one, batch, torch.nn.Identity()) for one in (right, wrong))
    assert after["mel"] == pytest.approx(0.5, abs=5e-3)
    assert after["shape"] == pytest.approx(before["shape"].item(), abs=1e-5), "a level is no shape"
    assert after["hidden"] == pytest.approx(0.25, abs=5e-3)
    assert after["duration"] == pytest.approx(0.25, abs=5e-3)
    tilted = right._replace(mel=right.mel + torch.linspace(-1, 1, right.mel.shape[-1]))
    assert distill_losses(tilted, batch, torch.nn.Identity())["shape"] > 0.05


@torch.no_grad()
def test_padding_changes_no_loss(teacher, lessons):
    """A sentence alone, or beside a longer one whose frames weigh nothing."""
    short, long = int(np.argmin(lessons.frames)), int(np.argmax(lessons.frames))
    student = untaught(teacher, **TINY)
    projection = torch.nn.Linear(16, lessons.hidden.shape[1])
    alone = make_batch(lessons, [short], CPU)
    both = make_batch(lessons, [short, long], CPU)
    frames, phones = alone.frames.shape[1], alone.valid.shape[1]
    ours, padded = answer(student, alone), answer(student, both)
    assert torch.allclose(ours.mel[0], padded.mel[0, :frames], atol=1e-4)
    assert torch.allclose(ours.hidden[0], padded.hidden[0, :phones], atol=1e-4)
    # Whatever is answered in the padding does not count.
    noisy = padded._replace(
        mel=padded.mel + 9 * (1 - both.frames[..., None]), hidden=padded.hidden + 9 * (1 - both.valid[..., None])
    )
    for name, value in distill_losses(noisy, both, projection).items():
        assert value == pytest.approx(distill_losses(padded, both, projection)[name].item(), rel=1e-4), name


def test_a_student_of_other_widths_keeps_the_parts_that_fit_and_the_means(teacher):
    old = teacher[1].acoustic
    student = untaught(teacher, decoder_dim=12, decoder_hidden=16, decoder_layers=1)
    new, theirs = student.state_dict(), old.state_dict()
    for name in new:
        part = name.split(".")[0]
        if part in ("encoder", "phoneme", "tone", "position", "style", "duration", "pitch") or name == "mel.bias":
            assert torch.equal(new[name], theirs[name]), name
    # A lone tensor of equal shape inside a part whose sizes changed means nothing there.
    assert not torch.equal(new["mel.weight"], theirs["mel.weight"][:, :12])


def test_a_student_of_the_same_widths_begins_as_its_narrowed_teacher(teacher, lessons):
    config, nets = teacher
    tables = {name: value.numpy() for name, value in nets.acoustic.state_dict().items()}
    seen = graph_inputs(lessons, config, tables, 8)
    sizes = nets.acoustic.config.replace(encoder_hidden=24, decoder_hidden=24)
    start = make_student(nets, sizes, seen)
    torch.manual_seed(0)
    batch = make_batch(lessons, range(len(lessons)), CPU)
    with torch.no_grad():
        narrowed, fresh = (
            distill_losses(answer(net.eval(), batch), batch, torch.nn.Identity()) for net in (start, FastSpeech(sizes))
        )
    assert narrowed["mel"] < 0.5 * fresh["mel"]
    assert narrowed["hidden"] < 0.1 * fresh["hidden"]


@pytest.mark.parametrize("sizes", [TINY, {"decoder_layers": 1}])
def test_a_student_learns(teacher, lessons, tmp_path, sizes):
    """After 80 steps the held-out loss, without what voicing can never lose, is less than six tenths of its start."""
    student = untaught(teacher, **sizes)
    with torch.no_grad():
        student.mel.weight.add_(0.3 * torch.randn_like(student.mel.weight))  # the narrow one would begin too well
    recipe = DistillRecipe(student, lessons, settings(80))
    start = recipe.evaluate()
    result = fit(recipe, tmp_path, recipe.config.loop, {"of": "test"})
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    end = next(line["held_out"] for line in log if "held_out" in line)
    assert result.finished
    assert next(iter(start)) == "loss"
    assert end["mel"] < 0.6 * start["mel"]
    assert end["loss"] < 0.75 * start["loss"]


def test_every_parameter_of_the_student_learns(teacher, lessons):
    recipe = DistillRecipe(untaught(teacher, **TINY), lessons, settings(1))
    recipe.step(recipe.batches(0)[0], 0)
    silent = [name for net in recipe.nets().values() for name, p in net.named_parameters() if p.grad is None]
    assert silent == []


def test_only_the_modules_asked_for_learn(teacher, lessons, tmp_path):
    student = untaught(teacher, pitch_hidden=12)
    before = {name: value.clone() for name, value in student.state_dict().items()}
    recipe = DistillRecipe(student, lessons, settings(3).replace(learn=("pitch",)))
    fit(recipe, tmp_path, recipe.config.loop, {})
    changed = {name.split(".")[0] for name, value in student.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"pitch"}


def test_a_resumed_teaching_goes_on_to_the_last_bit(teacher, lessons, tmp_path):
    ends = []
    for name, stops in (("whole", [8]), ("halves", [3, 8])):
        for stop in stops:
            config = settings(8, schedule="constant", checkpoint_every=1)
            recipe = DistillRecipe(untaught(teacher, **TINY), lessons, config)
            fit(recipe, _made(tmp_path / name), config.loop.replace(steps=stop), {}, resume=stop == 8 and len(stops) > 1)
        log = (tmp_path / name / "log.jsonl").read_text("utf-8").splitlines()
        ends.append([json.loads(line)["losses"]["loss"] for line in log if "losses" in line])
    assert ends[0] == ends[1]
    assert len(ends[0]) == 8


def test_held_out_sentences_are_not_learnt_from(teacher, lessons):
    recipe = DistillRecipe(untaught(teacher, **TINY), lessons, settings(1))
    seen = {int(sentence) for epoch in range(2) for batch in recipe.batches(epoch) for sentence in batch}
    assert len(recipe.held_out)
    assert not seen & set(recipe.held_out.tolist())
    assert seen | set(recipe.held_out.tolist()) == set(range(len(lessons)))
    assert recipe.describe(np.array([4, 2])) == "of lessons 4, 2"


def test_one_sentence_is_not_enough(teacher):
    with pytest.raises(TrainError, match="at least two sentences"):
        DistillRecipe(untaught(teacher, **TINY), make_lessons(*teacher, texts=["你好。"]), settings(1))


def _made(folder):
    folder.mkdir(exist_ok=True)
    return folder
