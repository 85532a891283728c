import pytest

from tingshuo.tasks.explain.result import Explanation
from tingshuo.tasks.explain.summary import FARTHEST, largest, reach


@pytest.fixture
def explained(made):
    return Explanation("v", "1", "int8", "even", "near", "neutral", (made,), {"duration": 5.0, "f0": 0.1, "energy": 0.05})


def told(found):
    return [(one.influence.kind, one.syllable, one.value) for one in found]


def test_the_largest_come_first_and_those_on_others_apart(explained):
    assert told(largest(explained, "duration", 9, own=True)) == [("phones", 0, 40.0), ("tone", 2, 6.0)]
    assert told(largest(explained, "duration", 9, own=False)) == [("boundary", 2, 25.0), ("tone", 1, -12.4)]
    assert told(largest(explained, "duration", 1, own=False)) == [("boundary", 2, 25.0)]


def test_noise_unknown_f0_and_whole_sentences_are_not_told(explained):
    assert told(largest(explained, "f0", 9, own=True)) == [("phones", 0, 0.5)]
    assert told(largest(explained, "f0", 9, own=False)) == [("tone", 1, -1.23), ("tone", 0, 0.2)]
    assert told(largest(explained, "energy", 9, own=False)) == []


def test_reach_is_a_mean_of_sizes_by_distance(explained):
    found = reach(explained)
    assert list(found) == ["tone", "phones", "boundary"]
    assert found["tone"]["duration"] == {-2: 0.0, -1: 12.4, 0: 6.0}
    assert found["phones"]["duration"] == pytest.approx({0: 21.0, 1: 0.1})
    assert found["phones"]["f0"] == {0: 0.25}
    assert found["boundary"]["energy"] == {-2: 0.04, -1: 0.0, 1: 0.0}


def test_reach_of_a_real_text_gets_weaker_and_leaves_out_the_last_pause(explanation):
    found = reach(explanation)
    tones = found["tone"]["f0"]
    assert set(tones) == set(range(-FARTHEST, FARTHEST + 1))
    assert tones[0] > tones[1] > tones[FARTHEST]
    assert min(found["pause"]["duration"].values()) > 0
