"""Marks in texts without any: what is promised for every text, and how good the net is on sentences that it has not learnt."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import RequestError
from tingshuo.text.punctuate import CLASSES, PunctuationNet, features_of, load_net, load_rows, marks, punctuate, units_of

ROOT = Path(__file__).parents[2]
SENTENCES = ROOT.parent / "shared" / "data" / "sentences_zh.txt"
MARKS = "，、。？！"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("今天天气真好我们去公园吧你想去吗", "今天天气真好。我们去公园吧。你想去吗？"),
        ("如果明天下雨我们就不去了", "如果明天下雨，我们就不去了。"),
        ("我觉得这个问题很难但是我们一定能解决", "我觉得这个问题很难，但是我们一定能解决。"),
        ("请问洗手间在哪里", "请问洗手间在哪里？"),
        ("你叫什么名字", "你叫什么名字？"),
    ],
)
def test_plain_sentences_are_marked(text: str, written: str) -> None:
    assert punctuate(text) == written


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("我你他是不的了吗呢什么今天苹果和三五月 aB1."), max_size=30))
def test_only_marks_are_added(text: str) -> None:
    written = punctuate(text)
    bare = "".join(char for char in written if char not in MARKS)
    assert bare.replace(" ", "") == text.replace(" ", "")
    assert punctuate(written) == written


def test_a_pause_brings_a_mark_and_a_long_one_an_end() -> None:
    text = "我们去学校他们回家"
    place = text.index("校")
    pauses = np.zeros(len(text))
    assert marks(text, pauses.tolist()).keys() <= {place, len(text) - 1}
    pauses[place] = 0.4
    assert marks(text, pauses.tolist())[place] in "，。"
    pauses[place] = 1.2
    assert marks(text, pauses.tolist())[place] == "。"


def test_a_pause_inside_a_range_that_is_whole_brings_none() -> None:
    text = "他有三百二十块钱"
    pauses = [0.0] * len(text)
    pauses[3] = 2.0
    assert 3 in marks(text, pauses)
    assert 3 not in marks(text, pauses, [(2, 6)])


def test_latin_words_are_not_cut() -> None:
    units = units_of("我用iPhone 15 和 don't 3.5%")
    assert ["我用iPhone 15 和 don't 3.5%"[unit.start : unit.end] for unit in units] == [
        "我",
        "用",
        "iPhone",
        "15",
        "和",
        "don't",
        "3.5%",
    ]
    assert punctuate("hello world") == "hello world"


@pytest.mark.parametrize("text", ["", " ", "你好。", "是吗？我不知道", "hello, world 你好"])
def test_texts_with_marks_or_without_words_stay(text: str) -> None:
    assert punctuate(text) == text


def test_a_long_text_is_read_in_pieces_that_agree_with_the_whole() -> None:
    text = "今天天气很好我们去公园" * 60
    features = features_of(text, units_of(text), load_rows())
    net = load_net()
    np.testing.assert_allclose(net.scores(features), net._run(features), atol=1e-4)


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    text = "他来自北京今年三十岁"
    first = marks(text)
    marks("别的话" * 20)
    assert marks(text) == first


@pytest.mark.parametrize("pauses", [[0.1], [0.1, 0.1, 0.1], [0.1, -1.0], [0.1, float("inf")]])
def test_wrong_pauses_are_refused(pauses: list[float]) -> None:
    with pytest.raises(RequestError, match="pause"):
        punctuate("你好", pauses)


@pytest.mark.train
@pytest.mark.skipif(not SENTENCES.exists(), reason="the sentences are not here")
def test_held_out_sentences_are_marked_as_well_as_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("train_punctuation", ROOT / "scripts" / "train_punctuation.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    lines = SENTENCES.read_text("utf-8").splitlines()
    rows = [script.as_spoken(line) for line in lines if not re.search("[0-9A-Za-z]", line) and script.part(line) == "test"]
    assert len(rows) > 200
    quality = script.measure({"sentences": rows})
    assert quality["all"] == quality["sentences"]
    assert quality["all"] > 0.6, capsys.readouterr().out


def test_the_net_scores_every_class_after_every_unit() -> None:
    text = "我们去学校ABC他"
    scores = load_net().scores(features_of(text, units_of(text), load_rows()))
    assert scores.shape == (7, len(CLASSES))
    assert np.isfinite(scores).all()
    assert isinstance(load_net(), PunctuationNet)
    assert load_net() is load_net()
