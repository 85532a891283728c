import dataclasses
import re
import xml.etree.ElementTree as ET

import numpy as np

from tingshuo.tasks.explain.contour import NARROWEST, contour


def test_the_picture_names_every_syllable_with_its_length(made):
    texts = [node.text for node in ET.fromstring(contour(made)).iter() if node.tag.endswith("text")]
    for one in ("今", "天", "好", "jin1", "hao3"):
        assert one in texts
    assert texts.count("100 ms") == 3


def test_the_line_breaks_where_nothing_is_voiced(made):
    f0 = made.f0.copy()
    f0[5:8] = 0
    svg = contour(dataclasses.replace(made, f0=f0))
    (path,) = re.findall(r'<path d="([^"]*)"', svg)
    assert path.count("M") == 2
    assert path.count("L") == 20 - 3 - 2
    assert svg.count('stroke-opacity="0.3"') == 2  # no mean for what has no F0


def test_short_syllables_get_room_for_their_text(made):
    width = int(re.search(r'width="(\d+)"', contour(made))[1])
    assert width * 0.1 / 0.3 > NARROWEST * 0.9
    longer = dataclasses.replace(made, f0=np.repeat(made.f0, 3))
    assert int(re.search(r'width="(\d+)"', contour(longer))[1]) > 2 * width


def test_a_sentence_without_any_voice_is_drawn_too(made):
    ET.fromstring(contour(dataclasses.replace(made, f0=np.zeros(30, np.float32))))
