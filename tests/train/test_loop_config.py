import pytest

from tingshuo.train.loop_config import LoopConfig, Pace


def test_the_rate_rises_and_falls_on_a_cosine():
    loop = LoopConfig(warm_up=10, final_rate=0.1)
    assert loop.rate_factor(4, 0.0) == pytest.approx(0.5)
    assert loop.rate_factor(50, 0.5) == pytest.approx(0.55)
    assert loop.rate_factor(100, 1.0) == pytest.approx(0.1)
    assert LoopConfig(warm_up=0, schedule="constant").rate_factor(0, 0.7) == 1


def test_another_stage_has_its_own_pace_on_the_same_machine():
    loop = LoopConfig(steps=9, seed=3, threads=2, precision="fp32", batch_frames=7)
    other = loop.at(Pace(steps=5, rate=0.5, average=0.1))
    assert (other.steps, other.rate, other.average) == (5, 0.5, 0.1)
    assert (other.seed, other.threads, other.precision, other.batch_frames) == (3, 2, "fp32", 7)
