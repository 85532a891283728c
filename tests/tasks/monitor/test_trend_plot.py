from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.trend_plot import DAY, FEW_POINTS, HOUR, Point, time_ticks, trend_plot

SVG = "{http://www.w3.org/2000/svg}"
BEGAN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


def points(values, band=Band(None, 2.0), versions=None, alarms=()):  # noqa: B008  a frozen record
    versions = versions or ["1.0.0"] * len(values)
    return [
        Point(BEGAN + 6 * HOUR * k, value, band, k in alarms, version, version)
        for k, (value, version) in enumerate(zip(values, versions, strict=True))
    ]


def draw(found, **options):
    return ElementTree.fromstring(trend_plot(found, **options))


def test_every_round_has_a_dot_and_alarms_are_red():
    root = draw(points([1, 1.2, 3], alarms={2}), title="a <title>")
    dots = list(root.iter(f"{SVG}circle"))
    assert len(dots) == 3
    assert [("--bad" in dot.get("fill")) for dot in dots] == [False, False, True]
    assert "2026-03-01 12:00 UTC: 3 (1.0.0)" in dots[2].find(f"{SVG}title").text
    assert root.get("aria-label") == "a <title>"


def test_of_many_rounds_only_alarms_and_the_last_have_dots():
    found = points([1.0] * (FEW_POINTS + 50), alarms={3})
    assert len(list(draw(found).iter(f"{SVG}circle"))) == 2


def test_a_line_breaks_where_nothing_was_measured():
    (path,) = draw(points([1, 2, float("nan"), 1])).iter(f"{SVG}path")
    assert path.get("d").count("M") == 2
    assert path.get("d").count("L") == 1


def test_the_band_is_a_strip_from_where_it_began_to_hold():
    found = points([1, 1, 1, 1])
    found[0] = Point(found[0].at, 1, Band(), False, "1.0.0", "1.0.0")
    (strip,) = draw(found).iter(f"{SVG}rect")
    dots = list(draw(found).iter(f"{SVG}circle"))
    assert float(strip.get("x")) == pytest.approx(float(dots[1].get("cx")), abs=0.1)
    assert float(strip.get("y")) + float(strip.get("height")) == pytest.approx(250 - 40, abs=0.1)  # open below
    two = [*found[:2], Point(found[2].at, 1, Band(0.5, 1.5), False, "1.0.0", "1.0.0")]
    assert len(list(draw(two).iter(f"{SVG}rect"))) == 2
    assert not list(draw(points([1, 2], band=Band())).iter(f"{SVG}rect"))


def test_a_new_bundle_is_marked_with_its_version():
    root = draw(points([1, 1, 1], versions=["1.0.0", "1.1.0", "1.1.0"]))
    marks = [line for line in root.iter(f"{SVG}line") if "--series-4" in line.get("stroke")]
    assert [mark.find(f"{SVG}title").text for mark in marks] == ["1.1.0"]
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert words.count("1.0.0") == words.count("1.1.0") == 1


def test_versions_that_would_overlap_are_not_written_twice_over_one_another():
    values = [1.0] * 60
    root = draw(points(values, versions=["1.0.0"] * 30 + ["1.1.0"] + ["1.2.0"] * 29))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert "1.1.0" in words
    assert "1.2.0" not in words


def test_a_single_round_and_one_value_for_ever_have_room():
    for found in (points([0.0], band=Band()), points([3.0, 3.0, 3.0], band=Band())):
        (dot, *_) = draw(found).iter(f"{SVG}circle")
        assert 30 < float(dot.get("cy")) < 210


def test_dates_are_round_and_fit():
    day = time_ticks(BEGAN, BEGAN + DAY, 5)
    assert [words for _, words in day] == ["03-01 00:00", "03-01 06:00", "03-01 12:00", "03-01 18:00", "03-02 00:00"]
    assert [words for _, words in time_ticks(BEGAN, BEGAN + 14 * DAY, 4)] == ["03-04", "03-08", "03-12"]
    assert all(words.startswith("202") for _, words in time_ticks(BEGAN, BEGAN + 500 * DAY, 5))
    assert all(len(time_ticks(BEGAN, BEGAN + span, 5)) <= 5 for span in (60, HOUR, DAY, 40 * DAY, 5000 * DAY))
