import json
import re

from tingshuo.tasks.monitor.bands import ROUNDS, Band
from tingshuo.tasks.monitor.page import to_html, to_json


def test_the_page_is_one_file_that_fetches_nothing(keep):
    html = to_html(keep([{"rtf": 0.02}]))
    assert not re.findall(r'(?:src|href)="', html)
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in html


def test_each_figure_has_its_plot_and_its_row(keep):
    html = to_html(keep([{"rtf": 0.02, "dnsmos_ovrl": 3.2, "copy__mcd_db": 1.2}] * 2))
    assert html.count("<svg") == 3
    assert "复制合成 copy: 梅尔倒谱距离 · mel-cepstral distance" in html
    assert "DNSMOS 总体" in html
    assert "three texts" in html


def test_the_state_is_said_first(keep):
    assert f"Learning: round 1 of {ROUNDS}" in to_html(keep([{"rtf": 0.02}]))
    good = keep([{"rtf": 0.02}], {"rtf": Band(None, 0.1)})
    assert "All figures lie in their bands." in to_html(good)
    html = to_html(keep([{"rtf": 0.2}], {"rtf": Band(None, 0.1)}))
    assert '<p class="note bad">RTF is 0.20000, above its band (at most 0.10000).</p>' in html
    assert html.index("above its band") < html.index("最近一轮")


def test_a_figure_that_was_measured_before_keeps_its_plot(keep):
    html = to_html(keep([{"rtf": 0.02, "dnsmos_ovrl": 3.2}, {"rtf": 0.02}]))
    assert html.count("<svg") == 2


def test_names_from_outside_are_escaped(keep):
    html = to_html(keep([{"rtf": 0.02}], voice="<b>", subject="<i>", version="<u>"))
    assert not re.findall(r"<(?:i|u)>", html)
    assert "Watching &lt;b&gt;" in html


def test_json_has_the_round_and_no_nan(keep):
    rounds = keep([{"rtf": 0.2}], {"rtf": Band(None, 0.1), "dnsmos_ovrl": Band(2.9)})
    content = json.loads(json.dumps(to_json(rounds), allow_nan=False))
    assert (content["round"], content["rounds"], content["alarm"], content["learning"]) == (1, 1, True, False)
    assert (content["voice"], content["digest"]) == ("mine", "a" * 64)
    missing, rtf = content["figures"]
    assert (missing["name"], missing["value"], missing["verdict"]) == ("dnsmos_ovrl", None, "missing")
    assert (rtf["value"], rtf["band_low"], rtf["band_high"], rtf["verdict"]) == (0.2, None, 0.1, "above")
