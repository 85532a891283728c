import re

import pytest
from tests.tasks.evaluate.fake_recogniser import RATE, FakeRecogniser, corpus

from tingshuo.data.clips import read_clips
from tingshuo.tasks.evaluate.contest import contests
from tingshuo.tasks.evaluate.hearing_json import to_json
from tingshuo.tasks.evaluate.hearing_page import to_html
from tingshuo.tasks.evaluate.recogniser import evaluate_recogniser


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def hearing(rows):
    return evaluate_recogniser(FakeRecogniser(), rows, "<three>", name="fake", version="1.0.0", noise_db=(20, 0))


def test_the_page_is_one_file_that_fetches_nothing(hearing, rows):
    html = to_html(hearing, {row.id: wav for row, wav in read_clips(rows, RATE)}, RATE)
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in html
    assert "url(" not in html
    assert html.count("<audio") == 3


def test_figures_groups_confidence_and_noise_are_shown(hearing):
    html = to_html(hearing, {}, RATE)
    assert "&lt;three&gt;" in html
    assert "<b>27.27</b>" in html
    for words in (
        "字错误率",
        "syllable error rate without tones",
        "说话人 speaker",
        "加入的噪声 added noise",
        "ECE <b>",
        "RTF, median",
    ):
        assert words in html
    for note in hearing.notes:
        assert note in html
    assert "去掉标点" in html
    assert "<audio" not in html
    assert "最差的" not in html
    assert "对比" not in html


def test_what_was_heard_stands_under_what_was_said(hearing, rows):
    wav = next(wav for row, wav in read_clips(rows, RATE) if row.id == "a")
    html = to_html(hearing, {"a": wav}, RATE)
    wrong = re.findall(r"<span>(.)</span><span class=\"bad\">(.)</span>", html)
    assert wrong == [("五", "∅"), ("十", "∅")]
    assert "最差的 1 条" in html


def test_another_one_is_compared(hearing, rows):
    other = evaluate_recogniser(FakeRecogniser(lost=2), rows, "<three>", name="old")
    html = to_html(hearing, {}, RATE, contests(to_json(other), to_json(hearing)), "<old> 1")
    assert "Against &lt;old&gt; 1" in html
    assert "更好 better" in html


def test_many_speakers_are_those_with_most_errors(tmp_path):
    texts = {f"{k:02}": f"你好{'吗' * (k % 3)}{k}" for k in range(30)}
    rows = corpus(tmp_path, texts, speakers={name: f"who{name}" for name in texts})
    html = to_html(evaluate_recogniser(FakeRecogniser(list(texts.values()), lost=4), rows, "x", name="x"), {}, RATE)
    assert "最差的 worst 24 / 30" in html
    assert len(re.findall(r"who\d\d \(n=1\)", html)) == 24


def test_words_have_a_matrix(tmp_path):
    texts = {f"{k}": ("开灯", "关灯")[k % 2] for k in range(8)}
    found = evaluate_recogniser(FakeRecogniser(list(texts.values())), corpus(tmp_path, texts), "x", name="x")
    html = to_html(found, {}, RATE)
    assert "混淆矩阵" in html
    assert "逐词 · Word by word" in html


def test_no_errors_and_no_confidence_leave_nothing_out_of_place(rows):
    perfect = to_html(evaluate_recogniser(FakeRecogniser(lost=99, others={}), rows, "x", name="x"), {}, RATE)
    assert "没有替换" in perfect
    deaf = to_html(evaluate_recogniser(FakeRecogniser(lost=1), rows, "x", name="x"), {}, RATE)
    assert "置信度 · Confidence" not in deaf
