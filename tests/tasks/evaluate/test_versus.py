"""Two evaluations side by side."""

import copy

import pytest

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.versus import differences


def evaluation(mcd, ovrl=(3.0, 2.9, 3.1)):
    """An evaluation as JSON: one distance a row, and one opinion of them all."""
    rows = [{"id": str(k), "text": "好", "measures": {"speech": {"mcd_db": value}}} for k, value in enumerate(mcd)]
    known = [value for value in mcd if value is not None]
    mean = sum(known) / len(known)
    figures = [
        {"measure": "mcd_db", "kind": "speech", "value": mean, "low": mean - 9, "high": mean + 9, "n": len(known)},
        {"measure": "dnsmos_ovrl", "kind": "speech", "value": ovrl[0], "low": ovrl[1], "high": ovrl[2], "n": 5},
        {"measure": "dnsmos_ovrl", "kind": "recording", "value": 3.5, "low": 3.4, "high": 3.6, "n": 5},
    ]
    return {"subject": "rows", "n": len(rows), "rows": rows, "figures": figures}


def test_rows_are_compared_one_by_one():
    """The rows differ by far more than the voices; a little less in each of them is found nevertheless."""
    (mcd, _) = differences(evaluation([2, 9, 4, 7, 5]), evaluation([1.9, 8.8, 3.9, 6.8, 4.9]))
    assert (mcd.measure, mcd.paired, mcd.n, mcd.verdict) == ("mcd_db", True, 5, "better")
    assert mcd.difference == pytest.approx(-0.14)
    assert -0.2 < mcd.low < mcd.difference < mcd.high < -0.05


def test_what_one_has_not_measured_of_a_row_does_not_count():
    (mcd, _) = differences(evaluation([2, 9, None]), evaluation([3, 11, 1]))
    assert (mcd.n, mcd.difference, mcd.verdict) == (2, 1.5, "worse")


def test_opinions_are_compared_by_their_means():
    (_, close) = differences(evaluation([1, 2]), evaluation([1, 2], (3.1, 3.0, 3.2)))
    assert (close.paired, close.verdict) == (False, "same")
    assert close.high - close.difference == pytest.approx(0.1 * 2**0.5)
    (_, far) = differences(evaluation([1, 2]), evaluation([1, 2], (3.2, 3.1, 3.3)))
    assert (far.verdict, far.difference) == ("better", pytest.approx(0.2))


def test_equal_evaluations_cannot_be_told_apart():
    one = evaluation([1, 2, 3])
    assert [found.verdict for found in differences(one, copy.deepcopy(one))] == ["same", "same"]


def test_other_rows_are_refused():
    with pytest.raises(DataError, match="not of the same rows: 2 of rows and 3 of rows"):
        differences(evaluation([1, 2]), evaluation([1, 2, 3]))


def test_a_single_row_has_no_interval():
    (mcd, _) = differences(evaluation([2]), evaluation([1]))
    assert (mcd.verdict, mcd.text, mcd.to_json()["low"]) == ("same", "-1.000*", None)
