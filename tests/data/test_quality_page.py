"""The report as a page: one file that needs nothing, escaped, in both languages, with what was found."""

import re

import pytest

from tingshuo.data.corpora.corpus import Skipped
from tingshuo.data.quality import inspect
from tingshuo.data.quality_page import LISTED, render, write_page
from tingshuo.data.utterance import Utterance
from tingshuo.errors import OutputError


@pytest.fixture
def report(tmp_path, write_wav):
    rows = [
        Utterance(id=f"r{k}", audio=str(write_wav(tmp_path / f"{k}.wav")), text=f"第{k}句话", speaker="<b>") for k in range(5)
    ]
    return inspect([*rows, *(Utterance(id=f"none{k}", audio=str(tmp_path / "none.wav")) for k in range(LISTED + 7))])


def test_it_shows_what_was_found_and_fetches_nothing(report):
    html = render(report, [Skipped("x.txt, line 3", "no <sound>")], "我的录音")
    assert "数据质量报告 · Data quality: 我的录音" in html
    assert "无法读取 · unreadable (107)" in html
    assert "还有 7 条 · and 7 more" in html
    assert "5 / 112" in html
    assert "no &lt;sound&gt;" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<svg") == 8
    assert not re.search(r"<script|<link|\bsrc=|@import|url\(", html)
    assert not re.search(r'https?://(?!www\.w3\.org/2000/svg")', html)


def test_a_corpus_without_faults_says_so(report):
    good = inspect(report.rows[:3])
    assert "没有发现问题" in render(good)


def test_nothing_readable_still_makes_a_page(report):
    html = render(inspect(report.rows[5:]))
    assert "<svg" not in html
    assert "unreadable" in html


def test_it_is_written_whole(report, tmp_path):
    write_page(tmp_path / "report.html", report)
    assert (tmp_path / "report.html").read_text("utf-8").endswith("</html>\n")
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(tmp_path, report)
