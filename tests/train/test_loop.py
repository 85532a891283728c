import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.train.toy import IDENTITY, Toy  # noqa: E402

from tingshuo.errors import OutputError, TrainError  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.loop_config import LoopConfig  # noqa: E402

pytestmark = pytest.mark.train

LOOP = LoopConfig(steps=30, warm_up=3, rate=0.05, log_every=1, evaluate_every=6, checkpoint_every=4, average=0.9, threads=1)
"""Epochs of `Toy` have 5 batches."""


def records(run, kind="losses"):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    return {line["step"]: line[kind] for line in lines if kind in line}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training that nobody interrupted."""
    run = tmp_path_factory.mktemp("whole")
    return run, fit(Toy(), run, LOOP, IDENTITY)


def test_it_learns_and_logs_every_step(whole):
    run, result = whole
    losses = records(run)
    assert list(losses) == list(range(1, 31))
    assert losses[30]["loss"] < 0.5 * losses[1]["loss"]
    assert list(records(run, "held_out")) == [6, 12, 18, 24, 30]
    assert (result.step, result.finished) == (30, True)


def test_the_best_checkpoint_is_that_of_the_lowest_metric(whole):
    run, result = whole
    held = records(run, "held_out")
    best = min(held, key=lambda step: held[step]["loss"])
    assert load_checkpoint(run, "best")[1].step == best
    assert result.best == held[best]["loss"]


def test_evaluation_judges_the_average_and_does_not_disturb_training(whole, tmp_path):
    run, _ = whole
    fit(Toy(), tmp_path, LOOP.replace(evaluate_every=1000), IDENTITY)
    assert records(tmp_path) == records(run)
    tensors, _ = load_checkpoint(run)
    assert not torch.equal(tensors["average/weight"], tensors["toy/weight"])


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.train.toy import IDENTITY, Toy
from tests.train.test_loop import LOOP
from tingshuo.train.loop import fit
import torch
torch.set_num_threads(1)
fit(Toy(pause_s=0.02), Path(sys.argv[2]), LOOP, IDENTITY, resume=sys.argv[3] == "resume")
"""


def start(run, how):
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", CHILD, str(root), str(run), how], stderr=subprocess.PIPE)


def wait_for_line(run, step, process):
    while process.poll() is None:
        if (run / "log.jsonl").exists() and len((run / "log.jsonl").read_bytes().splitlines()) >= step:
            return
        time.sleep(0.005)
    raise AssertionError(process.stderr.read().decode())


@pytest.mark.parametrize("step", [2, 19])
def test_a_killed_training_goes_on_to_the_last_bit(whole, tmp_path, step):
    """``kill -9`` in a process of its own, before the second checkpoint and later, between checkpoints."""
    process = start(tmp_path, "anew")
    wait_for_line(tmp_path, step, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    begun = load_checkpoint(tmp_path)[1].step
    assert begun < 30
    result = fit(Toy(), tmp_path, LOOP, IDENTITY, resume=True)
    assert result.finished
    # Compared as text: every digit of every loss.
    assert {k: repr(v) for k, v in records(tmp_path).items()} == {k: repr(v) for k, v in records(whole[0]).items()}
    assert records(tmp_path, "held_out") == records(whole[0], "held_out")
    for name, value in load_checkpoint(whole[0])[0].items():
        assert torch.equal(load_checkpoint(tmp_path)[0][name], value), name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_very_step_and_ends_cleanly(whole, tmp_path, number):
    before = signal.getsignal(number)
    result = fit(Toy(), tmp_path, LOOP, IDENTITY, watch=lambda seen: os.kill(os.getpid(), number) if seen.step == 7 else None)
    assert (result.step, result.finished) == (7, False)
    assert load_checkpoint(tmp_path)[1].step == 7
    assert signal.getsignal(number) is before
    fit(Toy(), tmp_path, LOOP, IDENTITY, resume=True)
    assert records(tmp_path) == records(whole[0])


def test_more_steps_may_be_asked_of_a_finished_training(tmp_path):
    short = LOOP.replace(steps=4, schedule="constant")
    fit(Toy(), tmp_path, short, IDENTITY)
    assert fit(Toy(), tmp_path, short, IDENTITY, resume=True).step == 4
    assert fit(Toy(), tmp_path, short.replace(steps=9), IDENTITY, resume=True).step == 9
    assert sorted(records(tmp_path)) == list(range(1, 10))


def test_minutes_bound_a_training_and_count_over_interruptions(tmp_path):
    result = fit(Toy(), tmp_path, LOOP.replace(minutes=0.002), IDENTITY)
    assert result.finished
    assert result.seconds >= 0.12
    steps = result.step
    assert fit(Toy(), tmp_path, LOOP.replace(minutes=0.002), IDENTITY, resume=True).step == steps


def test_resuming_with_other_settings_or_data_is_refused_and_names_them(whole):
    other = {**IDENTITY, "data": "other", "new": 1}
    with pytest.raises(TrainError, match=r"data was 'toy' and is 'other', new was None and is 1; give what it was begun with"):
        fit(Toy(), whole[0], LOOP, other, resume=True)


def test_a_run_is_never_begun_anew_by_mistake_nor_resumed_from_nothing(whole, tmp_path):
    before = (whole[0] / "log.jsonl").read_bytes()
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        fit(Toy(), whole[0], LOOP, IDENTITY)
    assert (whole[0] / "log.jsonl").read_bytes() == before
    with pytest.raises(TrainError, match="holds no 'last' checkpoint"):
        fit(Toy(), tmp_path, LOOP, IDENTITY, resume=True)


def test_a_loss_that_is_not_finite_stops_with_step_and_clips_and_leaves_a_good_checkpoint(tmp_path):
    with pytest.raises(TrainError, match=r"step 8: loss is not finite, on the clips .*\d; look at these"):
        fit(Toy(broken_at=7), tmp_path, LOOP, IDENTITY)
    tensors, state = load_checkpoint(tmp_path)
    assert state.step == 6  # evaluated and best there
    assert all(bool(value.isfinite().all()) for value in tensors.values())
    assert fit(Toy(), tmp_path, LOOP, IDENTITY, resume=True).finished


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path):
    toy = Toy(broken_gradient_at=2)
    with pytest.raises(TrainError, match="step 3: gradient_norm is not finite"):
        fit(toy, tmp_path, LOOP, IDENTITY)
    assert bool(toy.averaged.weight.isfinite().all())


def test_a_disk_that_fails_ends_it_with_the_last_checkpoint_whole(tmp_path, monkeypatch):
    from tingshuo.train import checkpoint

    written = checkpoint.write_file

    def fail(path, content):
        if "step-00000008" in str(path):
            raise OSError(28, "No space left on device")
        written(path, content)

    monkeypatch.setattr(checkpoint, "write_file", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        fit(Toy(), tmp_path, LOOP.replace(evaluate_every=100), IDENTITY)
    assert load_checkpoint(tmp_path)[1].step == 4
    monkeypatch.undo()
    assert fit(Toy(), tmp_path, LOOP, IDENTITY, resume=True).finished


def test_nothing_to_learn_from_is_an_error(tmp_path):
    with pytest.raises(TrainError, match="nothing to learn from"):
        fit(Toy(clips=0), tmp_path, LOOP, IDENTITY)


def test_whoever_watches_hears_of_every_step(tmp_path):
    seen = []
    fit(Toy(), tmp_path, LOOP, IDENTITY, watch=seen.append)
    assert [one.step for one in seen] == list(range(1, 31))
    assert seen[14].done == 0.5
    assert seen[-1].left_s == 0
    assert seen[0].left_s > 0
