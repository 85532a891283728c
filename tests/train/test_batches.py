import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import TrainError
from tingshuo.train.batches import make_batches

LENGTHS = np.random.default_rng(0).integers(20, 900, 157)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.integers(0, 3), st.lists(st.integers(1, 700), min_size=5, max_size=60))
def test_every_clip_is_seen_exactly_once_whatever_the_processes(world, epoch, lengths):
    shares = [make_batches(lengths, 1500, seed=1, epoch=epoch, rank=r, world=world) for r in range(world)]
    assert len({len(share) for share in shares}) == 1
    seen = [clip for share in shares for batch in share for clip in batch]
    assert sorted(seen) == list(range(len(lengths)))
    assert all(len(batch) for share in shares for batch in share)


def test_batches_keep_to_the_frames_with_their_padding():
    batches = make_batches(LENGTHS, 1800, seed=0, epoch=0)
    assert all(len(batch) * LENGTHS[batch].max() <= 1800 for batch in batches)


def test_a_clip_longer_than_a_batch_stands_alone():
    batches = make_batches([100, 5000, 100], 1000, seed=0, epoch=0)
    assert [list(batch) for batch in batches if 1 in batch] == [[1]]


@pytest.mark.parametrize(("clips", "world"), [(7, 2), (6, 4), (5, 4), (9, 2)])
def test_lone_clips_that_cannot_be_shared_out_are_joined(clips, world):
    shares = [make_batches([100] * clips, 150, seed=0, epoch=0, rank=rank, world=world) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    assert all(len(batch) for share in shares for batch in share)
    assert sorted(clip for share in shares for batch in share for clip in batch) == list(range(clips))


def test_batches_waste_little_on_padding():
    batches = make_batches(LENGTHS, 3000, seed=0, epoch=0)
    padded = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    assert padded < 1.15 * LENGTHS.sum()


def test_the_same_seed_and_epoch_give_the_same_batches_and_others_give_others():
    def flat(**where):
        return [tuple(batch) for batch in make_batches(LENGTHS, 3000, **where)]

    assert flat(seed=3, epoch=7) == flat(seed=3, epoch=7)
    assert flat(seed=3, epoch=7) != flat(seed=3, epoch=8)
    assert flat(seed=3, epoch=7) != flat(seed=4, epoch=7)


def test_fewer_clips_than_processes_are_refused():
    with pytest.raises(TrainError, match="3 clips cannot be shared among 4"):
        make_batches([5, 5, 5], 100, seed=0, epoch=0, world=4)
