"""Another vocoder under a voice: what is asked for reaches the work, and what came of it is said."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

pytestmark = pytest.mark.train


def test_a_vocoder_is_swapped(tingshuo, monkeypatch, tmp_path):
    asked = {}

    def swap(voice, vocoder, output, **given):
        asked.update(given, vocoder=vocoder, output=output)
        return SimpleNamespace(
            path=output, name="v", version="1.3.0", family="fastspeech+vocos", licence="MIT", errors={"wav": -120.0, "x": -90.0},
            to_json=lambda: {"name": "v"},
        )  # fmt: skip

    monkeypatch.setattr("tingshuo.port.swap.swap_vocoder", swap)
    done = tingshuo("optimize", "default", "-o", str(tmp_path / "new"), "--vocoder", "vocos", "--licence", "MIT", "--force")
    assert done.code == 0
    assert "v 1.3.0, fastspeech+vocos, licence MIT; equals its net: -90 dB" in done.text
    assert asked == {"licence": "MIT", "replace": True, "vocoder": Path("vocos"), "output": tmp_path / "new"}
    done = tingshuo("optimize", "default", "-o", str(tmp_path / "new"), "--vocoder", "vocos", "--json")
    assert json.loads(done.out) == {"name": "v"}


@pytest.fixture
def taught(monkeypatch):
    """Pretend to teach; returns what was asked for, and what the work hands back."""
    asked, ended = {}, SimpleNamespace(step=7, finished=False, best=0.5, bundle=None, comparison=None, refusal="")

    def lighten(voice, output, config, data, **given):
        asked.update(given, steps=config.loop.steps, data=data)
        given["tell"]("teach", 0.5, "step 3")
        return ended

    monkeypatch.setattr("tingshuo.train.light.lighten_vocoder", lighten)
    return asked, ended


def test_a_light_one_is_taught_for_so_many_steps(tingshuo, taught, tmp_path):
    asked, _ = taught
    done = tingshuo("optimize", "default", "-o", str(tmp_path / "new"), "--vocoder", "light", "--steps", "9")
    assert done.code == 0
    assert "Interrupted and saved at step 7; add --resume to go on." in done.text
    assert (asked["steps"], asked["data"], asked["resume"]) == (9, None, False)


def test_a_student_that_is_not_good_enough_is_an_error_and_no_bundle(tingshuo, taught, tmp_path):
    _, ended = taught
    ended.refusal = "is 0.9 nepers away; go on with --resume"
    done = tingshuo("optimize", "default", "-o", str(tmp_path / "new"), "--vocoder", "light", "--json")
    assert done.code != 0
    assert "the light vocoder is 0.9 nepers away; go on with --resume" in done.err
    assert json.loads(done.out)["bundle"] is None
