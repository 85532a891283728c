import json

import pytest
from tests.tasks.evaluate.fake_recogniser import TEXTS, FakeRecogniser, corpus

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.contest import Contest, check_alike, contests, errors_in
from tingshuo.tasks.evaluate.hearing_json import to_json
from tingshuo.tasks.evaluate.recogniser import RATES, evaluate_recogniser
from tingshuo.text.metrics import Errors


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("rows"), TEXTS | {"d": "八百标兵奔北坡", "e": "好的"})


def report(rows, **how):
    texts = [row.text for row in rows]
    found = evaluate_recogniser(FakeRecogniser(texts, **how), rows, "rows", name="fake")
    return json.loads(json.dumps(to_json(found)))


def test_the_difference_is_new_minus_old(rows):
    old, new = report(rows), report(rows, lost=99)
    cer = contests(old, new)[0]
    assert (cer.measure, cer.n) == ("cer", 5)
    assert (cer.old, cer.new) == pytest.approx((7 / 31, 2 / 31))
    assert cer.difference == pytest.approx(-5 / 31)
    assert (cer.won, cer.lost, cer.even) == (4, 0, 1)
    assert cer.high < 0
    assert (cer.better, cer.verdict) == (1, "better")
    assert cer.text.startswith("-16.13 [-")
    worse = contests(new, old)[0]
    assert (worse.verdict, worse.difference, worse.better) == ("worse", pytest.approx(5 / 31), 0)
    assert [one.measure for one in contests(old, new)] == list(RATES)


def test_a_recogniser_is_even_with_itself(rows):
    for one in contests(report(rows), report(rows)):
        assert (one.difference, one.low, one.high, one.better, one.verdict) == (0, 0, 0, 0.5, "same")
        assert (one.won, one.lost, one.even) == (0, 0, 5)


def test_other_rows_texts_and_forms_are_refused(rows):
    old = report(rows)
    with pytest.raises(DataError, match="the evaluations are not alike: 5 of rows as plain, and 2 of rows as plain"):
        contests(old, report(rows[:2]))
    with pytest.raises(DataError, match="5 of rows as plain, and 5 of rows as spoken"):
        contests(old, old | {"form": "spoken"})
    changed = old | {"rows": [old["rows"][0] | {"text": "别的"}, *old["rows"][1:]]}
    with pytest.raises(DataError, match="other texts of rows"):
        contests(old, changed)


def test_what_is_not_alike_is_found_before_the_work(rows):
    old = report(rows)
    check_alike(old, "plain", rows, "rows")
    check_alike(old | {"rows": old["rows"][1:], "left_out": [{"id": "a"}]}, "plain", rows, "rows")
    with pytest.raises(DataError, match="not alike"):
        check_alike(old, "written", rows, "rows")
    with pytest.raises(DataError, match="and 4 of rows as plain"):
        check_alike(old, "plain", rows[1:], "rows")


def test_a_single_utterance_is_compared_without_an_interval(rows):
    one = contests(report(rows[:1]), report(rows[:1], lost=99))[0]
    assert (one.verdict, one.text) == ("same", "-20.00")
    assert one.to_json() == {
        "measure": "cer", "old": 0.2, "new": 0, "difference": pytest.approx(-0.2), "low": None, "high": None, "better": None,
        "won": 1, "lost": 0, "even": 0, "n": 1, "verdict": "same",
    }  # fmt: skip


def test_errors_of_saved_rows():
    row = {"errors": {"character": [3, 1, 0, 0]}}
    assert errors_in(row, "cer") == Errors(3, 1, 0, 0)
    assert errors_in(row, "sentence_error") == Errors(0, 1, 0, 0)
    assert errors_in({"errors": {"character": [3, 0, 0, 0]}}, "sentence_error") == Errors(1, 0, 0, 0)
    assert errors_in(row, "syllable_error") == Errors()
    assert Contest("cer", 0.1, 0.1, 0, 0, 0, 0.5, 0, 0, 2).n == 2
