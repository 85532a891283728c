import sys

import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.port import trials
from tingshuo.port.races import Standing
from tingshuo.port.trials import ABSENT, FAILED, GATE, KEPT, NEVER, SLOWER, Contest, improve, size_of, variants

pytestmark = pytest.mark.train


@pytest.fixture
def speed(monkeypatch):
    """Say how fast every attempt is, in turn."""
    ratios = []
    monkeypatch.setattr(trials, "race", lambda runners, clock, rounds=9: {"new": Standing(ratios.pop(0), 1.0)})
    return ratios


def contest(told: str = "", **fields) -> Contest:
    one = stack(dim=32, calibration=[frames(dim=32)])
    return Contest(one, [frames(dim=32), frames(24, dim=32)], lambda graph, session: told, **fields)


def test_what_helps_is_put_together_and_what_does_not_is_listed(speed):
    speed += [1.01, 1.5]
    one = contest()
    names = ["fold", "half", "repeats"]
    subject, best = improve(one, names)
    assert [trial.status for trial in one.trials] == [SLOWER, KEPT, ABSENT]
    assert best is not None
    assert best.passes == ("half",)
    assert subject is not None
    assert size_of(subject) < 0.9 * size_of(one.stored)


def test_a_small_gain_is_measured_again_and_the_smaller_one_counts(speed):
    speed += [1.1, 1.02]
    one = contest()
    assert improve(one, ["fold"]) == (None, None)
    assert one.trials[-1].ratio == 1.02
    speed += [1.05, 1.2]
    assert improve(contest(), ["fold"])[1].ratio == 1.05
    assert not speed


def test_a_variant_has_to_be_faster_than_float32_and_to_sound_right(speed):
    speed += [2.0]
    one = contest()
    assert list(variants(one, ["int8-static"], None, 1.2)) == [("onnx", "int8")]
    speed += [1.2]
    slower = contest()
    assert not variants(slower, ["int8-static"], None, 1.2)
    assert (slower.trials[-1].status, slower.trials[-1].why) == (SLOWER, "what is there or kept already has 1.20x")
    speed += [2.0]
    refused = contest("it hums")
    assert not variants(refused, ["int8-static"], None, 1.0)
    assert (refused.trials[-1].status, refused.trials[-1].why) == (GATE, "it hums")


def test_what_would_make_a_stream_differ_from_its_file_is_measured_and_never_kept(speed):
    speed += [9.0]
    one = contest()
    assert not variants(one, ["int8-dynamic-conv"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (NEVER, 9.0)
    assert "stream" in one.trials[-1].why


def test_what_is_slower_anyway_is_told_as_that(speed):
    speed += [0.3]
    one = contest()
    assert not variants(one, ["int8-dynamic-conv"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio, one.trials[-1].why) == (SLOWER, 0.3, "")


def test_an_attempt_names_the_passes_before_it(speed):
    speed += [2.0, 2.5]
    one = contest()
    kept = variants(one, ["int8-static"], one.stored.changed(one.stored.model), 1.2, ("wide", "repeats"))
    assert [trial.passes for trial in one.trials] == [("int8-static",), ("wide", "repeats", "int8-static")]
    assert [trial.status for trial in one.trials] == [SLOWER, KEPT]
    assert kept["onnx", "int8"][1].ratio == 2.5
    assert one.trials[0].why == "another one of its kind is faster"


def test_a_graph_beyond_its_limit_is_refused_with_its_figure(speed, monkeypatch):
    speed += [3.0]
    monkeypatch.setattr(trials, "worst_errors", lambda *args: {"wav": -10.0})
    one = contest()
    assert not variants(one, ["int8-static"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (GATE, 3.0)


def test_an_engine_that_is_missing_is_a_failure_that_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "tingshuo.engine.openvino", None)
    monkeypatch.setattr(trials, "outlives", lambda *given: True)
    one = contest()
    assert not variants(one, ["openvino"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (FAILED, None)
    assert "pip install 'tingshuo[openvino]'" in one.trials[-1].why


def test_a_graph_that_ends_the_process_is_a_failure_that_is_told(monkeypatch):
    monkeypatch.setattr(trials, "outlives", lambda *given: False)
    one = contest()
    assert not variants(one, ["openvino"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (FAILED, None)
    assert one.trials[-1].why == "graph 'g' makes openvino break down, with all that runs in its process"


def test_another_engine_makes_a_variant_of_its_own(speed, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(trials, "outlives", lambda *given: True)
    speed += [2.0, 3.0, 1.0]
    kept = variants(contest(), ["openvino", "openvino-int8"], None, 1.0)
    assert list(kept) == [("openvino", "fp32"), ("openvino", "int8")]


def test_without_the_device_operators_and_bytes_decide():
    one = contest(measured=False)
    subject, best = improve(one, ["half"])
    assert subject is not None
    assert best is not None
    assert best.ratio is None
