import importlib.util
import json

import numpy as np
import pytest

from tingshuo.errors import TrainError
from tingshuo.train import curves as module
from tingshuo.train.curves import DEV, EVENTS_A_CURVE, REST, TRAIN, Curves, read_log, write_events

needs_tensorboard = pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="needs tensorboard")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    lines = [
        {"step": 10, "seconds": 5.0, "factor": 0.5, "losses": {"loss": 3.0, "mel": 1.0}},
        {"step": 20, "seconds": 9.0, "factor": 1.0, "losses": {"loss": 2.0, "mel": 0.5, "word": "x"}},
        {"step": 20, "seconds": 9.5, "held_out": {"loss": 2.5}},
        {"step": 30, "kind": "dev", "losses": {"loss": 2.25}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '[1]\n{"no": "step"}\n{"step": 40, "los', "utf-8")
    return path


def test_every_number_is_found_under_its_kind(log):
    found = read_log(log)
    assert found.values[TRAIN] == {"loss": ([10, 20], [3, 2]), "mel": ([10, 20], [1, 0.5])}
    assert found.values[DEV] == {"loss": ([20, 30], [2.5, 2.25])}
    assert found.values[REST] == {"seconds": ([10, 20, 20], [5, 9, 9.5]), "factor": ([10, 20], [0.5, 1])}


def test_broken_lines_are_counted_and_do_not_stop_the_reading(log):
    assert read_log(log).broken == 3


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(TrainError, match=r"log\.jsonl: cannot be read: No such file"):
        read_log(tmp_path / "log.jsonl")


@needs_tensorboard
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_what_is_written_and_old_files_go(log, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for _ in range(2):
        write_events(tmp_path / "events", read_log(log))
    assert len(list((tmp_path / "events").iterdir())) == 1
    read = EventAccumulator(str(tmp_path / "events")).Reload()
    tensors = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    assert tensors["train/mel"] == [(10, 1.0), (20, 0.5)]
    assert tensors["dev/loss"] == [(20, 2.5), (30, np.float32(2.25))]


@needs_tensorboard
@pytest.mark.filterwarnings("ignore")
def test_a_long_curve_is_thinned_and_keeps_its_ends(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    steps = list(range(0, 50_000, 10))
    write_events(tmp_path, Curves({TRAIN: {"mel": (steps, [1.0] * len(steps))}}))
    read = [event.step for event in EventAccumulator(str(tmp_path), {"scalars": 0}).Reload().Scalars("train/mel")]
    assert len(read) == EVENTS_A_CURVE
    assert (read[0], read[-1]) == (0, 49_990)


def test_the_missing_package_is_named(log, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(TrainError, match="pip install tensorboard"):
        write_events(tmp_path, read_log(log))
