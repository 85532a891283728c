import numpy as np
import pytest

from tingshuo.models.hmm.topology import broad_states, even, path_of, phones_of, timing, whole_frames
from tingshuo.text.arpabet import english_syllable
from tingshuo.text.symbols import ALL_PHONES, PHONES, encode, make_syllable
from tingshuo.types import Word


def word(*pinyin):
    return Word("".join(pinyin), tuple(make_syllable("", one) for one in pinyin))


COMMA = Word("，", pause_ms=150)
WORDS = (word("ni3", "hao3"), COMMA, word("an1"))


def names(path):
    return [PHONES[k] for k in path.phones]


def test_a_pause_may_follow_every_word_but_the_last():
    path = path_of((word("ba1"), word("an1"), COMMA, word("da4"), COMMA), 3)
    assert names(path) == ["sil", "b", "a", "sp", "an", "sp", "d", "a", "sil"]
    assert path.asked == (None, COMMA, COMMA)
    np.testing.assert_array_equal(path.word_index, [-1, 0, 0, -1, 1, -1, 2, 2, -1])
    np.testing.assert_array_equal(np.flatnonzero(path.optional), [9, 15])
    assert path.shortest == 7 * 3


def test_silence_and_pause_share_states_as_do_tones():
    path = path_of((word("ba1"), word("ba4")), 3)
    states = path.states.reshape(-1, 3)
    np.testing.assert_array_equal(states[0], states[3])
    np.testing.assert_array_equal(states[0], states[-1])
    np.testing.assert_array_equal(states[1:3], states[4:6])


@pytest.mark.parametrize(("first", "stop", "frames"), [(5, 70, 80), (3, 40, 90), (20, 41, 44)])
def test_the_first_guess_passes_through_every_phone(first, stop, frames):
    path = path_of(WORDS, 3)
    guess = even(path, first, stop, frames)
    assert len(guess) == frames
    assert (np.diff(guess) >= 0).all()
    assert guess[first - 1] < 3
    assert guess[first] == 3
    assert guess[stop] == len(path.states) - 3
    assert not np.isin(guess // 3, np.flatnonzero(path.phones == PHONES.index("sp"))).any()


def result(counts):
    """Timing of WORDS (sil n i h ao sp an sil) from analysis frames per phone, two to a frame of the result."""
    path = path_of(WORDS, 3)
    positions = np.repeat(np.arange(len(counts)) * 3, counts)
    return timing(path, positions, 128, 256, sum(counts) // 2, 24000, 0.1)


def test_a_pause_that_is_heard_is_among_the_words():
    found = result([4, 6, 8, 4, 10, 20, 12, 6])
    assert [w.text for w in found.words] == ["ni3hao3", "，", "an1"]
    assert found.words[1].pause_ms == round(20 * 128 / 24)
    np.testing.assert_array_equal(found.durations, [2, 3, 4, 2, 5, 10, 6, 3])
    assert len(encode(found.words).ids) == len(found.durations)


def test_a_short_pause_is_the_closure_of_what_follows():
    found = result([4, 6, 8, 4, 10, 8, 12, 6])
    assert [w.text for w in found.words] == ["ni3hao3", "an1"]
    np.testing.assert_array_equal(found.durations, [2, 3, 4, 2, 5, 10, 3])


def test_a_pause_without_a_mark_is_a_bare_one():
    path = path_of((word("an1"), word("an1")), 3)
    positions = np.repeat(np.arange(5) * 3, [4, 6, 30, 6, 4])
    words = timing(path, positions, 128, 256, 25, 24000, 0.1).words
    assert [(w.text, w.pause_ms) for w in words] == [("an1", 0), ("", 160), ("an1", 0)]


def test_whole_frames_keep_sum_and_minimum():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(1, 20))
        frames = int(rng.integers(n, 60))
        durations = whole_frames(np.sort(rng.uniform(0, frames, n)), frames)
        assert durations.sum() == frames
        assert durations.min() >= 1
    np.testing.assert_array_equal(whole_frames(np.array([2.0, 2.4, 7.1, 10.0]), 10), [2, 1, 5, 2])


def test_broad_states_are_those_of_one_phone_of_each_kind():
    broad = broad_states(3)
    assert len(broad) == 3 * len(PHONES)
    np.testing.assert_array_equal(broad[broad], broad)
    np.testing.assert_array_equal(broad % 3, np.arange(len(broad)) % 3)
    phone = {name: PHONES[broad[3 * k] // 3] for k, name in enumerate(PHONES)}
    assert phone["d"] == phone["g"] == "b"
    assert phone["sil"] == "sil"
    assert phone["iang"] == phone["a"] != phone["u"]
    assert sum(name == kind for name, kind in phone.items()) == 12


def test_english_words_have_states_of_their_own():
    hello = Word("hello", (english_syllable("he", ("HH", "AH0")), english_syllable("llo", ("L", "OW1"))))
    path = path_of((word("ba1"), hello), 3)
    assert [ALL_PHONES[k] for k in path.phones] == ["sil", "b", "a", "sp", "en:HH", "en:AH", "en:L", "en:OW", "sil"]
    assert path.states.max() // 3 == ALL_PHONES.index("en:L")
    assert phones_of([path.phones]) == ALL_PHONES
    assert phones_of([path_of(WORDS, 3).phones]) == PHONES


def test_english_phones_begin_as_their_kind_does_in_mandarin():
    mandarin, both = broad_states(3), broad_states(3, ALL_PHONES)
    np.testing.assert_array_equal(both[: len(mandarin)], mandarin)
    assert both[ALL_PHONES.index("en:T") * 3] == PHONES.index("p") * 3
    assert both[ALL_PHONES.index("en:AA") * 3 + 1] == PHONES.index("a") * 3 + 1
    assert both.max() < len(PHONES) * 3  # every English phone has a kind
