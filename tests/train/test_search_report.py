import pytest

pytest.importorskip("torch")

from tingshuo.train.search_report import render, rows_of
from tingshuo.train.search_trial import Trial

pytestmark = pytest.mark.train
TRIALS = (
    Trial(2, {"rate": 1e-4, "kind": "lstm"}, {10: 1.5, 30: 1.25}),
    Trial(0, {"rate": 1e-2, "kind": "<b>"}, {10: 2.0}),
    Trial(1, {"rate": 1e-3, "kind": "lstm"}, {}, "too <large>"),
    Trial(3, {"rate": 1e-3, "kind": None}),
)


def test_a_row_a_trial():
    assert rows_of(TRIALS, ["kind", "rate"]) == [
        ["trial-002", "30", "1.25", "lstm", "0.0001"],
        ["trial-000", "10", "2", "<b>", "0.01"],
        ["trial-001", "0", "failed", "lstm", "0.001"],
        ["trial-003", "0", "", "None", "0.001"],
    ]


def test_the_page_has_a_table_and_a_picture_a_key():
    page = render("mine", TRIALS)
    assert page.count("<svg") == 3
    assert page.count("<circle") >= 4
    assert "2 / 4" in page
    assert "log10 rate" in page
    assert "0 lstm, 1 &lt;b&gt;" in page
    assert 'title="too &lt;large&gt;"' in page
    assert "<b>" not in page.replace("<b>2</b>", "")


def test_a_search_in_which_nothing_came_to_anything_has_a_page_too():
    assert "0 / 1" in render("mine", TRIALS[2:3])
