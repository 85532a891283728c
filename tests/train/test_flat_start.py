import numpy as np

from tingshuo.models.hmm.topology import path_of
from tingshuo.text.symbols import make_syllable
from tingshuo.train import flat_start
from tingshuo.types import Word

WORDS = tuple(Word(one, (make_syllable("", one),)) for one in ("ba1", "da4", "an1"))


def frames_with_level(*runs):
    """Features whose first one is the level: (frames, level) pairs."""
    level = np.concatenate([np.full(n, value, np.float32) for n, value in runs])
    return np.stack([level, np.zeros_like(level)], axis=1)


def test_the_first_guess_puts_speech_where_it_is_loud():
    path = path_of(WORDS, 3)
    guess = flat_start._first_guess(path, frames_with_level((60, -2), (80, 1), (30, -2)))
    spoken = (guess >= 3) & (guess < len(path.states) - 3)
    np.testing.assert_array_equal(np.flatnonzero(spoken)[[0, -1]], [60, 139])


def test_the_first_guess_has_room_for_every_phone():
    path = path_of(WORDS, 3)
    for runs in ([(1, 1), (29, -1)], [(29, -1), (1, 1)], [(30, 0)], [(12, 0), (1, 3), (17, 0)]):
        guess = flat_start._first_guess(path, frames_with_level(*runs))
        assert len(guess) == 30
        assert (np.diff(guess) >= 0).all()
        kept = set(range(len(path.states))) - {p + d for p in np.flatnonzero(path.optional) for d in range(3)}
        assert set(guess.tolist()) <= kept
        assert len(set(guess.tolist()) & set(range(3, len(path.states) - 3))) == len(kept) - 6


def test_batches_hold_all_clips_once_by_length():
    rng = np.random.default_rng(0)
    lengths, sizes = rng.integers(100, 900, 70).tolist(), rng.integers(40, 300, 70).tolist()
    batches = flat_start._batches(lengths, sizes)
    order = [k for batch in batches for k in batch]
    assert sorted(order) == list(range(70))
    assert [lengths[k] for k in order] == sorted(lengths)
    assert len(batches) > 2
    assert all(sum(sizes[k] for k in batch) <= flat_start.BATCH_POSITIONS for batch in batches)
    assert flat_start._batches([10], [9999]) == [[0]]


class _Clip:
    def __init__(self, n_samples):
        self.n_samples = n_samples


def test_clips_to_learn_from_are_spread_evenly():
    chosen = flat_start.spread([_Clip(100)] * 1000, 10_000)
    assert len(chosen) == 100
    assert chosen == sorted(chosen)
    assert np.diff(chosen).max() <= 21
    assert flat_start.spread([_Clip(100)] * 10, 1e9) == list(range(10))
    assert len(flat_start.spread([_Clip(100)] * 10, 1)) == 1
