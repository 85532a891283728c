import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tingshuo.audio.plot import (
    LARGEST_SERIES,
    Axes,
    Interval,
    Series,
    histogram,
    interval_plot,
    line_plot,
    log_ticks,
    scatter,
    ticks,
)

SVG = "{http://www.w3.org/2000/svg}"


def curves(svg):
    root = ElementTree.fromstring(svg)
    return [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill") == "none"]


def test_ticks_are_round_and_inside():
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.13, 0.57, 4) == [0.2, 0.4]
    assert ticks(-3, 3, 3) == [-2, 0, 2]
    assert log_ticks(0.5, 120) == [0.5, 1, 2, 5, 10, 20, 50, 100]
    assert log_ticks(1e-6, 10) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10])


def test_axes_put_the_ends_of_the_data_at_the_ends_of_the_frame():
    axes = Axes(0, 10, 1, 100, 640, 280, log_y=True)
    assert axes.x(0) < axes.x(10) == 640 - 14
    assert axes.y(1) == 280 - 40
    assert axes.y(100) == 30
    assert axes.y(10) == pytest.approx((axes.y(1) + axes.y(100)) / 2)


def test_a_line_breaks_where_a_value_is_missing():
    (whole,) = curves(line_plot([Series("loss", [0, 1, 2, 3], [1, 2, 3, 4])]))
    (broken,) = curves(line_plot([Series("loss", [0, 1, 2, 3], [1, np.nan, 3, 4])]))
    assert whole.count("M") == 1
    assert broken.count("M") == 2


def test_a_point_without_neighbours_is_a_dot():
    alone = line_plot([Series("a", [3], [2.5])])
    assert alone.count("<circle") == 1
    assert line_plot([Series("a", [1, 2, 3, 4], [1, 2, np.nan, 5])]).count("<circle") == 1
    assert "<circle" not in line_plot([Series("a", [1, 2, 3], [1, 2, 3])])


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm():
    (drawn,) = curves(line_plot([Series("loss", [0, 1, 2, 3], [1, 0, -3, 4])], log_y=True))
    assert drawn.count("M") == 2
    assert "no data" in line_plot([Series("loss", [0], [-1])], log_y=True)


def test_a_long_line_is_thinned_and_keeps_its_spikes():
    y = np.ones(100_000)
    y[77_777] = 50
    (drawn,) = curves(line_plot([Series("loss", np.arange(100_000), y)]))
    points = np.array([[float(v) for v in p.split()] for p in re.findall(r"[ML]([\d.]+ [\d.]+)", drawn)])
    assert len(points) <= LARGEST_SERIES
    assert points[:, 1].min() < 60 < 200 < np.median(points[:, 1])


def test_every_plot_is_well_formed_and_escapes_names():
    nasty = "<b>&\"'"
    pictures = [
        line_plot([Series(nasty, [1, 2], [3, 4], dashed=True)], title=nasty, x_label=nasty, y_label=nasty),
        histogram({nasty: [1, 2, 2], "other": [3]}, marks=[2.5], title=nasty),
        scatter({nasty: ([1, 2], [3, np.nan])}, names={nasty: [nasty, "b"]}, title=nasty),
        interval_plot([Interval(nasty, 1, 0.5, 1.5), Interval("x", np.nan, np.nan, np.nan)], title=nasty),
    ]
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.get("aria-label") == nasty
        assert nasty in "".join(root.itertext())
        assert "href" not in picture


def test_a_histogram_counts_every_value():
    svg = histogram({"a": [0.0, 0.0, 0.0, 1.0, np.inf]}, bins=10)
    (bars,) = [path.get("d") for path in ElementTree.fromstring(svg).iter(f"{SVG}path")]
    heights = sorted(float(v) for v in re.findall(r"^M[\d.]+ [\d.]+V([\d.]+)|ZM[\d.]+ [\d.]+V([\d.]+)", bars) for v in v if v)
    bottom = 240 - 40
    assert len(heights) == 2
    assert (bottom - heights[0]) / (bottom - heights[1]) == pytest.approx(3, rel=0.01)


def test_points_that_are_not_finite_are_left_out():
    svg = scatter({"a": ([1, 2, np.nan], [1, np.inf, 3])}, names={"a": ["first", "second", "third"]})
    assert "first" in svg
    assert "second" not in svg
    assert "third" not in svg


@pytest.mark.parametrize("draw", [lambda: line_plot([]), lambda: histogram({}), lambda: scatter({}), lambda: interval_plot([])])
def test_nothing_to_draw_is_said(draw):
    assert "no data" in draw()


def test_equal_values_have_room():
    for picture in (
        line_plot([Series("a", [5], [2])]),
        histogram({"a": [4, 4]}),
        scatter({"a": ([0], [0])}),
        interval_plot([Interval("a", 0, 0, 0)]),
    ):
        assert "nan" not in picture
        ElementTree.fromstring(picture)
