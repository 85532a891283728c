import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.align import align


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ("你好", "你好", [0, 1]),
        ("今天3℃，出门", "今天三摄氏度，出门", [0, 1, 2, 2, 3, 3, 4, 5, 6]),
        ("重10重", "重十重", [0, 1, 3]),
        ("", "你好", [0, 0]),
        ("你好", "", []),
        ("(你)", "你", [1]),
        ("長", "长", [0]),
    ],
)
def test_kept_characters_find_each_other_and_rewritten_ones_share_their_stretch(
    before: str, after: str, places: list[int]
) -> None:
    assert align(before, after) == places


@given(st.text("一二三1 2，。", max_size=40), st.text("一二三1 2，。", max_size=40))
@settings(deadline=None)
def test_places_never_fall_and_stay_inside(before: str, after: str) -> None:
    places = align(before, after)
    assert len(places) == len(after)
    assert places == sorted(places)
    assert all(0 <= place < max(len(before), 1) for place in places)


def test_very_long_texts_are_shared_out_evenly() -> None:
    places = align("好" * 3000, "坏" * 1000)
    assert places[:3] == [0, 3, 6]
    assert places[-1] == 2997
