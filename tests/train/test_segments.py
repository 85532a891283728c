import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.audio.band import known_hz  # noqa: E402
from tingshuo.audio.mel import log_mel  # noqa: E402
from tingshuo.errors import TrainError  # noqa: E402
from tingshuo.train.segments import SegmentSampler, cut  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


def test_a_segment_has_the_samples_mel_and_f0_of_its_place(corpus):
    features, _ = corpus
    index, first, frames = 2, 11, 20
    clip = features.clips[index]
    part = cut(features, features.clips, np.array([[index, first]]), frames, CPU)
    wav, f0 = features.wav_of(clip), features.f0_of(clip)
    assert np.array_equal(part.wav[0].numpy(), wav[first * 256 : (first + frames) * 256])
    assert np.array_equal(part.f0[0].numpy(), f0[first : first + frames + 1])
    whole = log_mel(wav, features.config.mel)
    np.testing.assert_allclose(part.mel[0].numpy(), whole[:, first : first + frames + 1], atol=2e-3)
    assert part.known_hz[0] == known_hz(clip.bandwidth_hz, 24000)


def test_silence_surrounds_a_clip(corpus):
    features, _ = corpus
    clip = features.clips[0]
    whole = cut(features, features.clips, np.array([[0, 0]]), clip.frames, CPU)
    assert whole.wav.shape == (1, clip.n_samples)
    alone = np.pad(features.wav_of(clip), 1024)
    np.testing.assert_allclose(whole.mel[0].numpy(), log_mel(alone, features.config.mel)[:, 4:-4], atol=2e-3)


def test_segments_lie_inside_their_clips_and_reach_both_ends(corpus):
    clips = corpus[0].clips
    rows = SegmentSampler(clips, 30, {}).draw(4000, np.random.default_rng(0))
    room = np.array([clip.frames - 30 for clip in clips])
    assert (rows[:, 1] >= 0).all()
    assert (rows[:, 1] <= room[rows[:, 0]]).all()
    longest = int(room.argmax())
    assert {0, room[longest]} <= set(rows[rows[:, 0] == longest, 1])


def test_speakers_get_their_shares(corpus):
    clips = corpus[0].clips
    rows = SegmentSampler(clips, 16, {"a": 0.9}).draw(4000, np.random.default_rng(0))
    of_a = np.mean([clips[index].speaker == "a" for index, _ in rows])
    assert 0.87 < of_a < 0.93


def test_draws_depend_on_the_generator_alone(corpus):
    sampler = SegmentSampler(corpus[0].clips, 16, {})
    first, again, other = (sampler.draw(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("frames", "shares", "what"),
    [(9999, {}, "no clip has the 9999 frames"), (16, {"z": 0.5}, "names 'z'"), (16, {"a": 0.8, "b": 0.8}, "sum to 1.6"),
     (16, {"a": 0.0, "b": 0.0}, "leave nothing")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(corpus, frames, shares, what):
    with pytest.raises(TrainError, match=what):
        SegmentSampler(corpus[0].clips, frames, shares)
