"""Samples of a training: held-out clips with what the net and a vocoder make of them, and a report that shows them."""

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.conftest import make_recipe  # noqa: E402
from tests.train.test_vocoder import vocoder_recipe  # noqa: E402

from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.train.report import read_samples, write_report  # noqa: E402
from tingshuo.train.samples import CLIPS, acoustic_samples, joint_samples, keep, vocoder_samples  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def vocoder():
    return SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=1))


def test_a_sample_holds_a_clip_and_the_nets_answers(corpus, vocoder):
    recipe, _ = make_recipe(corpus, [])
    shown = list(acoustic_samples(recipe, vocoder, 7))
    assert [one.name for one in shown] == [example.clip.id for example in recipe.held_out[:CLIPS]]
    for one, example in zip(shown, recipe.held_out, strict=False):
        frames = int(example.durations.sum())
        assert one.mel_target.shape == one.mel_predicted.shape == (100, frames)
        assert one.f0_target.shape == one.f0_predicted.shape == (frames,)
        assert len(one.phones) == len(one.durations_target) == len(one.durations_predicted)
        assert one.durations_target.sum() == frames
        assert one.wav_predicted.shape == ((frames - 1) * 256,)
        assert one.step == 7
        assert one.caption


def test_the_report_shows_them_and_nothing_is_learnt_meanwhile(corpus, vocoder, tmp_path):
    recipe, _ = make_recipe(corpus, [])
    before = {name: value.clone() for name, value in recipe.net.state_dict().items()}
    (tmp_path / "log.jsonl").write_text('{"step": 1, "seconds": 1, "epoch": 0, "losses": {"mel": 2.0}}\n')
    keep(tmp_path, acoustic_samples(recipe, vocoder, 1))
    write_report(tmp_path, events=False)
    assert {one.name for one in read_samples(tmp_path)} == {example.clip.id for example in recipe.held_out[:CLIPS]}
    assert "<audio" in (tmp_path / "report.html").read_text("utf-8")
    assert all(torch.equal(before[name], value) for name, value in recipe.net.state_dict().items())


def test_without_a_vocoder_the_mel_is_shown_and_not_heard(corpus):
    recipe, _ = make_recipe(corpus, [])
    assert all(one.wav_predicted is None for one in acoustic_samples(recipe, None, 1))


@pytest.mark.parametrize("kind", [vocoder_samples, joint_samples])
def test_a_vocoder_is_shown_with_whole_clips_that_were_held_out(corpus, kind):
    recipe = vocoder_recipe(corpus, joint=kind is joint_samples)
    before = {name: value.clone() for name, value in recipe.generator.state_dict().items()}
    shown = list(kind(recipe, 3))
    held_out = [clip for clip in corpus[0].clips if clip.split == "dev"]
    assert [one.name for one in shown] == [clip.id for clip in held_out[:CLIPS]]
    for one, clip in zip(shown, held_out, strict=False):
        assert abs(len(one.wav_predicted) - clip.n_samples) <= 256
        assert one.mel_predicted.shape == one.mel_target.shape
        assert np.isfinite(one.mel_predicted).all()
    assert all(torch.equal(before[name], value) for name, value in recipe.generator.state_dict().items())
