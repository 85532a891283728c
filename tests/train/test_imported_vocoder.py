"""A vocoder goes on learning from what an imported voice has said."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from tests.train.imported_voice import tiny_config  # noqa: E402
from tests.train.small_voice import make_nets  # noqa: E402

from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.models.layers.discriminators import Critics  # noqa: E402
from tingshuo.train.checkpoint import read_state  # noqa: E402
from tingshuo.train.imported_vocoder import teach_vocoder, vocoder_settings  # noqa: E402
from tingshuo.train.told import Told  # noqa: E402

pytestmark = pytest.mark.train


def quick(patch):
    """Short segments, and small critics that the vocoder hears from the first step on."""
    real = vocoder_settings

    def settings(config, mel):
        made = real(config, mel)
        return made.replace(vocoder=made.vocoder.replace(batch=2, frames=16, critics_alone=0))

    patch.setattr("tingshuo.train.imported_vocoder.vocoder_settings", settings)
    small = {"period_channels": (4, 8, 8, 16, 16), "resolution_channels": 4}
    patch.setattr("tingshuo.train.stages.Critics", lambda: Critics((2, 3), (512, 1024), **small))


def test_a_copy_learns_and_the_base_stays(stranger, tmp_path, monkeypatch):
    quick(monkeypatch)
    features = stranger[1].features
    base = make_nets()[1].vocoder
    before = {name: value.clone() for name, value in base.state_dict().items()}
    told = []
    vocoder, learnt = teach_vocoder(
        base, features, tiny_config(vocoder_steps=2), tmp_path / "sound", "base@1.0.0", Told(lambda *row: told.append(row[0]))
    )
    assert (learnt.stage, learnt.step, learnt.finished) == ("vocoder", 2, True)
    assert all(torch.equal(value, before[name]) for name, value in base.state_dict().items())
    changed = [name for name, value in vocoder.state_dict().items() if not torch.equal(value, before[name])]
    assert len(changed) > 3
    assert set(told) == {"vocoder"}
    assert read_state(tmp_path / "sound" / "vocoder").step == 2
    again, learnt = teach_vocoder(base, features, tiny_config(vocoder_steps=2), tmp_path / "sound", "base@1.0.0", Told())
    assert learnt.step == 2, "it was done"
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in vocoder.state_dict().items())
    with pytest.raises(TrainError, match="cannot be resumed with other settings or data: vocoder of"):
        teach_vocoder(base, features, tiny_config(vocoder_steps=2), tmp_path / "sound", "other@1.0.0", Told())


def test_every_twentieth_clip_judges(stranger, tmp_path, monkeypatch):
    features = stranger[1].features
    clips = tuple(dataclasses.replace(features.clips[0], id=f"c{n}") for n in range(40))
    seen = []

    def stop(run, settings, material, *rest):
        seen.extend(material.features.clips)
        raise KeyboardInterrupt

    monkeypatch.setattr("tingshuo.train.imported_vocoder.Stages", stop)
    many = dataclasses.replace(features, clips=clips)
    with pytest.raises(KeyboardInterrupt):
        teach_vocoder(make_nets()[1].vocoder, many, tiny_config(vocoder_steps=1), tmp_path, "base@1.0.0", Told())
    assert [n for n, clip in enumerate(seen) if clip.split == "dev"] == [19, 39]


def test_the_pace_is_that_of_what_is_nearly_right():
    settings = vocoder_settings(tiny_config(vocoder_steps=7), make_nets()[0].mel)
    assert (settings.stages, settings.vocoder.family) == (("vocoder",), "base")
    assert (settings.vocoder.loop.steps, settings.loop_of("vocoder").threads) == (7, 1)
