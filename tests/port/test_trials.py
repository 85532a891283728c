import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.port import trials
from tingshuo.port.races import Standing
from tingshuo.port.trials import ABSENT, FAILED, GATE, KEPT, SLOWER, Contest, improve, size_of, variants

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


def test_a_variant_has_to_be_faster_than_float32_and_to_sound_right(speed):
    speed += [2.0]
    one = contest()
    assert list(variants(one, ["int8-static"], None, 1.2)) == [("onnx", "int8")]
    speed += [1.2]
    assert not variants(contest(), ["int8-static"], None, 1.2)
    speed += [2.0]
    refused = contest("it hums")
    assert not variants(refused, ["int8-static"], None, 1.0)
    assert (refused.trials[-1].status, refused.trials[-1].why) == (GATE, "it hums")


def test_what_would_make_a_stream_differ_from_its_file_is_measured_and_never_kept(speed):
    speed += [9.0]
    one = contest()
    assert not variants(one, ["int8-dynamic-conv"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (GATE, 9.0)
    assert "stream" in one.trials[-1].why


def test_a_graph_beyond_its_limit_is_refused_with_its_figure(speed, monkeypatch):
    speed += [3.0]
    monkeypatch.setattr(trials, "worst_errors", lambda *args: {"wav": -10.0})
    one = contest()
    assert not variants(one, ["int8-static"], None, 1.0)
    assert (one.trials[-1].status, one.trials[-1].ratio) == (GATE, 3.0)


def test_an_engine_that_is_missing_is_a_failure_that_is_told():
    one = contest()
    assert not variants(one, ["openvino"], None, 1.0) or one.trials[-1].status == KEPT
    assert one.trials[-1].status in (FAILED, KEPT, SLOWER)


def test_without_the_device_operators_and_bytes_decide():
    one = contest(measured=False)
    subject, best = improve(one, ["half"])
    assert subject is not None
    assert best is not None
    assert best.ratio is None
