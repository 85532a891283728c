import dataclasses
import json
import re

from tingshuo.tasks.explain.page import to_html, to_json
from tingshuo.tasks.explain.reading import LIMITS
from tingshuo.tasks.explain.result import MEASURES
from tingshuo.tasks.explain.summary import largest
from tingshuo.tasks.explain.tell import in_chinese, in_english


def test_the_page_is_one_file_that_fetches_nothing(voice, explanation):
    html = to_html(explanation, voice.synthesize("好。"))
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in html
    assert "url(" not in html
    assert html.count("<audio") == 1
    assert "<audio" not in to_html(explanation)


def test_the_syllables_of_the_page_are_those_of_the_text(explanation):
    html = to_html(explanation)
    assert "今天天气很好，我们去公园。" in html
    heads = re.findall(r'<th scope="col"><small>\d+</small>(.*?)<small>', html)
    assert heads == list("今天天气很好我们去公园") * len(MEASURES)
    assert html.count('<table class="heat">') == len(MEASURES)


def test_the_page_tells_what_is_largest_and_what_it_does_not_show(explanation):
    html = to_html(explanation)
    for measure in MEASURES:
        for found in largest(explanation, measure, 1, own=False):
            assert in_chinese(found) in html
            assert in_english(found) in html
    assert all(chinese in html and english in html for chinese, english in LIMITS)


def test_the_style_of_the_maps_is_in_the_head(explanation):
    html = to_html(explanation)
    assert html.count("<style>") == html.count("</style>") == 1
    assert html.index(".heat {") < html.index("</style>") < html.index("<body>")


def test_what_is_written_is_escaped_and_warnings_are_shown(explanation):
    sentence = dataclasses.replace(explanation.sentences[0], text="<b>&")
    html = to_html(dataclasses.replace(explanation, sentences=(sentence,), warnings=("left out <i>",)))
    assert "<b>&" not in html
    assert "left out &lt;i&gt;" in html


def test_json_has_every_number(explanation):
    content = json.loads(json.dumps(to_json(explanation), allow_nan=False))
    (sentence,) = content["sentences"]
    n = len(sentence["syllables"])
    assert "".join(one["text"] for one in sentence["syllables"]) == "今天天气很好我们去公园"
    assert all(len(one[measure]) == n for one in sentence["influences"] for measure in MEASURES)
    assert len(sentence["influences"]) == len(explanation.sentences[0].influences)
    assert {one["kind"] for one in sentence["together"]} >= {"tone", "phones", "all"}
    assert content["units"] == {"duration": "%", "f0": "semitones", "energy": "dB"}
    assert content["floor"] == {"duration": 0.0, "f0": 0.0, "energy": 0.0}
    assert {(one["measure"], one["own"]) for one in content["largest"]} == {(m, own) for m in MEASURES for own in (False, True)}
    assert content["reach"]["tone"]["f0"]["0"] > content["reach"]["tone"]["f0"]["2"]


def test_unknown_f0_is_null(explanation, made):
    content = to_json(dataclasses.replace(explanation, sentences=(made,)))
    assert content["sentences"][0]["syllables"][2]["f0_hz"] is None
    assert content["sentences"][0]["influences"][0]["f0"] == [0.5, 0.0, None]
