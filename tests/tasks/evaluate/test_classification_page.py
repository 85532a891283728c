import re

from tingshuo.tasks.evaluate.classification import Answer, classify
from tingshuo.tasks.evaluate.classification_page import classification_cards, to_html


def test_figures_matrix_and_classes_are_shown():
    answers = [Answer("<开>", "<开>", 0.9), Answer("关", "<开>", 0.4), Answer("关", "关", 0.8), Answer("停", "停", 1.0)]
    html = "".join(classification_cards(classify(answers)))
    assert "accuracy <b>75.00 %</b> [" in html
    assert f"macro F1 <b>{100 * (2 / 3 + 2 / 3 + 1) / 3:.2f} %</b>" in html
    assert "&lt;开&gt;" in html
    assert "<开>" not in html
    assert "<title>关 → &lt;开&gt;: 1 / 2</title>" in html
    assert "Confidence of words" in html


def test_the_worst_class_comes_first_and_what_was_never_said_last():
    html = "".join(
        classification_cards(classify([Answer("甲", "甲"), Answer("乙", "甲"), Answer("丙", "丙"), Answer("丙", "无")]))
    )
    assert re.findall(r"<tr><td>(.)</td>", html) == ["乙", "丙", "甲", "无"]
    assert "Confidence" not in html


def test_a_single_answer_has_no_interval():
    assert "accuracy <b>100.00 %</b></span>" in classification_cards(classify([Answer("a", "a")]))[0]


def test_a_page_of_its_own():
    found = classify([("开", "开", 0.9), ("关", "开", 0.4)], ["开", "关", "停"])
    html = to_html("<model>", "a corpus", found, ["One clip cannot be read."])
    assert "Evaluation of &lt;model&gt;" in html
    assert "a corpus · 2 条 clips · 2 词 words" in html
    assert '<p class="note">One clip cannot be read.</p>' in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)
