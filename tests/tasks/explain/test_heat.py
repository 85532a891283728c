import dataclasses
import re

import numpy as np

from tingshuo.tasks.explain.heat import SHARES, STEPS, STYLE, heat_map, row_name
from tingshuo.tasks.explain.result import KINDS, MEASURES


def cells(sentence, measure, floor=0.0):
    """Rows of (class, text), in the order of the page."""
    rows = re.findall(r'<tr><th class="who" scope="row">.*?</tr>', heat_map(sentence, measure, floor))
    return [re.findall(r'<td(?: class="([^"]*)")?>([^<]*)</td>', row) for row in rows]


def test_a_row_for_each_input_and_a_column_for_each_syllable(made):
    html = heat_map(made, "duration", 0.0)
    assert re.findall(r"</small>(.)<small>", html) == ["今", "天", "好"]
    names = re.findall(r'scope="row">([^<]*)<', html)
    assert names == ["3 好 三声", "1 今天 → de de", "2|3 好", "high"]
    assert all(len(row) == 3 for row in cells(made, "duration"))
    assert all(KINDS[kind].chinese in html for kind in ("tone", "phones", "boundary", "style"))


def test_numbers_have_signs_colours_and_frames(made):
    tone, phones, boundary, style = cells(made, "duration")
    assert tone == [("none", "0"), ("down2", "−12"), ("own up1", "+6")]
    assert phones == [("own up5", "+40"), ("own", "+2"), ("none", "·")]
    assert boundary == [("up1", "+3"), ("none", "0"), ("up4", "+25")]
    assert style == [("up5", "+50")] * 3


def test_noise_is_a_dot_and_what_is_unknown_a_dash(made):
    tone, *_ = cells(made, "f0", floor=0.2)
    assert tone == [("none", "·"), ("down2", "−1.2"), ("own none", "–")]
    assert cells(made, "duration", floor=20.0)[0][1] == ("none", "·")


def test_every_colour_has_its_style():
    assert len(STEPS) == len(SHARES)
    for step in range(1, len(STEPS) + 1):
        assert f".up{step} " in STYLE
        assert f".down{step} " in STYLE
    assert max(MEASURES[m].scale for m in MEASURES) == 30


def test_what_is_written_is_escaped(made):
    influence = dataclasses.replace(made.influences[0], of="<b>", change={"duration": np.zeros(3)})
    html = heat_map(dataclasses.replace(made, influences=(influence,)), "duration", 0.0)
    assert "<b>" not in html
    assert row_name(influence).startswith("1 <b>")
