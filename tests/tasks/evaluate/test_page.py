import json
import re

import pytest

from tingshuo.audio.dnsmos import Opinion
from tingshuo.tasks.evaluate import conclude as module
from tingshuo.tasks.evaluate.page import to_html, to_json, to_text
from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts


class Judge:
    def judge(self, wav, sample_rate):
        return Opinion(3.0, 3.5, 4.0, 3.2)


@pytest.fixture
def evaluation(voice, rows, monkeypatch):
    monkeypatch.setattr(module, "Dnsmos", Judge)
    return evaluate_rows(voice, [rows["a"], rows["b"]], "two <rows>")


def test_the_page_is_one_file_that_fetches_nothing(evaluation):
    html = to_html(evaluation)
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in html
    assert "url(" not in html


def test_the_page_has_sounds_and_spectra_of_the_worst_rows(evaluation):
    html = to_html(evaluation, worst=1)
    assert html.count("<audio") == html.count("<img") == 3
    worst = evaluation.worst(1)[0]
    assert worst.text in html
    assert "two &lt;rows&gt;" in html
    assert "DNSMOS OVRL" in html
    for word in ("录音", "复制合成", "文本合成"):
        assert word in html


def test_json_has_every_figure_with_count_and_interval(evaluation):
    content = json.loads(to_text(to_json(evaluation)))
    assert content == json.loads(json.dumps(to_json(evaluation)))
    assert (content["n"], content["voice"], content["subject"]) == (2, "default", "two <rows>")
    measures = {(figure["measure"], figure["kind"]): figure for figure in content["figures"]}
    assert measures["mcd_db", "copy"]["n"] == 2
    assert measures["mcd_db", "copy"]["low"] <= measures["mcd_db", "copy"]["value"] <= measures["mcd_db", "copy"]["high"]
    assert measures["dnsmos_p808", "recording"]["value"] == 3.2
    assert measures["dnsmos_p808", "recording"]["low"] is None  # one stretch alone has no interval
    assert content["rows"][1]["measures"]["speech"]["reading_error_pct"] is None  # the row has no pinyin


def test_texts_alone_make_a_page_too(voice, monkeypatch):
    monkeypatch.setattr(module, "Dnsmos", Judge)
    html = to_html(evaluate_texts(voice, ["今天天气真好。"], "one line"))
    assert html.count("<audio") == 1
    assert "复制合成 · copy-synthesis</th>" not in html
