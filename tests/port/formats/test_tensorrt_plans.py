from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
from tingshuo.port.formats.tensorrt_plans import USUAL, CalibrationFeed, Machine, cached_plan, plan_key, profile
from tingshuo.types import GraphSpec

MACHINE = Machine("H", "9.0", "580", "10.9")
SPEC = GraphSpec({"mel": ("float32", (1, 2, "F")), "style": ("float32", (1, 3))}, {})


def feed(value=1.0, frames=7):
    mel = np.arange(2 * frames, dtype=np.float32).reshape(1, 2, frames) * value
    return CalibrationFeed(SPEC, [{"mel": mel, "style": np.ones((1, 3), np.float32)}])


def test_a_plan_is_of_one_machine_graph_precision_and_scales():
    keys = {plan_key(MACHINE, b"graph", "float16")}
    for changed in ({"card": "L"}, {"capability": "8.9"}, {"driver": "581"}, {"tensorrt": "10.10"}):
        keys.add(plan_key(replace(MACHINE, **changed), b"graph", "float16"))
    keys |= {plan_key(MACHINE, b"other", "float16"), plan_key(MACHINE, b"graph", "int8", feed())}
    keys.add(plan_key(MACHINE, b"graph", "int8", feed(2.0)))
    assert len(keys) == 8
    assert plan_key(MACHINE, b"graph", "int8", feed()) == plan_key(MACHINE, b"graph", "int8", feed())


def test_neighbouring_parts_of_a_key_do_not_run_together():
    assert plan_key(replace(MACHINE, card="ab", capability="c"), b"", "x") != plan_key(
        replace(MACHINE, card="a", capability="bc"), b"", "x"
    )


def test_plans_lie_in_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert cached_plan("k") == tmp_path / "cache/tensorrt/k.plan"


def test_the_profile_comes_from_the_graph():
    assert profile(SPEC) == {"mel": ((1, 2, 1), (1, 2, 200), (1, 2, 2048)), "style": ((1, 3), (1, 3), (1, 3))}


@pytest.mark.parametrize("frames", [7, 900])
def test_calibration_inputs_are_repeated_or_cut_to_the_usual_shape(frames):
    (batch,) = feed(frames=frames)
    assert len(feed(frames=frames)) == 1
    assert batch["mel"].shape == (1, 2, USUAL)
    assert batch["style"].shape == (1, 3)
    assert batch["mel"][0, 0, USUAL - 1] == (USUAL - 1) % frames
    assert batch["mel"].flags.c_contiguous
