"""Styles get the tempo of the recordings that taught them."""

import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace  # noqa: E402

import numpy as np  # noqa: E402

from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train.examples import Tables  # noqa: E402
from tingshuo.train.publish import read_nets  # noqa: E402
from tingshuo.train.tempo import FEW, with_tempo  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base():
    bundle = open_bundle(find_voice("default"))
    return bundle.config.styles[:3], read_nets(bundle).acoustic


@pytest.fixture(scope="module")
def taught(corpus):
    """Clips spoken by the voice itself, and the same ones at half the tempo, in the second style."""
    features, examples = corpus
    usual = [replace(one, clip=replace(one.clip, style="usual")) for one in examples]
    slow = [replace(one, durations=one.durations * 2) for one in examples]
    longer = replace(features, wav=np.zeros(2 * len(features.wav), np.int16), f0=np.tile(features.f0, 2))
    clips = [replace(one.clip, style="slow", n_samples=2 * one.clip.n_samples, frames=2 * one.clip.frames) for one in slow]
    slow = [replace(one, clip=replace(clip, start_samples=0)) for one, clip in zip(slow, clips, strict=True)]
    return longer, usual, slow


def tables(features):
    return Tables({"a": 0, "b": 0}, {"usual": 0, "slow": 1, "rare": 2}, {}, features.pitch)


def test_each_style_takes_the_tempo_of_its_recordings(base, taught):
    styles, net = base
    features, usual, slow = taught
    assert len(usual) >= FEW
    found = with_tempo(styles, net, features, [*usual, *slow], tables(features))
    assert found[0].tempo == pytest.approx(styles[0].tempo, abs=0.08)  # recordings of that voice
    assert found[1].tempo == 0.75  # half is not believed
    assert [style.name for style in found] == [style.name for style in styles]


def test_a_style_without_recordings_changes_as_the_others_do(base, taught):
    styles, net = base
    features, usual, _ = taught
    found = with_tempo([*styles[:2], styles[2].replace(tempo=0.9)], net, features, usual, tables(features))
    assert found[1].tempo == pytest.approx(styles[1].tempo * found[0].tempo / styles[0].tempo, abs=0.03)
    assert found[2].tempo == pytest.approx(0.9 * found[0].tempo / styles[0].tempo, abs=0.002)


def test_a_few_recordings_do_not_decide(base, taught):
    styles, net = base
    features, usual, slow = taught
    rare = [replace(one, clip=replace(one.clip, style="rare")) for one in slow[:2]]
    found = with_tempo(
        [styles[0].replace(tempo=1.0), styles[1], styles[2].replace(tempo=1.0)], net, features, [*usual, *rare], tables(features)
    )
    assert 0.75 < found[2].tempo < found[0].tempo, "their own tempo would be the slowest that is believed"


def test_without_recordings_nothing_changes(base, taught):
    styles, net = base
    assert with_tempo(styles, net, taught[0], [], tables(taught[0])) == tuple(styles)
