import pytest

from tingshuo.tasks.explain.result import KINDS, LOCAL, MEASURES, Influence


@pytest.mark.parametrize(
    ("span", "distances"),
    [((1, 3), [-1, 0, 0, 1, 2]), ((2, 2), [-2, -1, 1, 2, 3]), ((0, 5), [0, 0, 0, 0, 0]), ((5, 5), [-5, -4, -3, -2, -1])],
)
def test_distance_counts_syllables_from_the_input_on(span, distances):
    influence = Influence("tone", "好", "3", "5", span, {})
    assert [influence.distance(s) for s in range(5)] == distances


def test_kinds_and_measures_are_named_in_two_languages():
    assert set(LOCAL) | {"style", "speaker", "emotion"} == set(KINDS)
    for row in (*KINDS.values(), *MEASURES.values()):
        assert not row.chinese.isascii()
        assert row.english.isascii()
