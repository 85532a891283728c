"""Golden files, and promises for every text: no digits left, nothing changes twice, work in bounded pieces."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text import normalize as module
from tingshuo.text.normalize import PIECE_CHARACTERS, normalize, normalize_report, pieces
from tingshuo.text.rules.rule import compiled

GOLDEN = sorted((Path(__file__).parent / "golden/normalize").glob("*.tsv"))


def _rows(path):
    return [line.replace("\\n", "\n").split("\t") for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_file_is_spoken_as_written_down(path):
    wrong = [(written, spoken, normalize(written)) for written, spoken in _rows(path) if normalize(written) != spoken]
    assert wrong == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_speech_does_not_change_again(path):
    changed = [(spoken, normalize(spoken)) for _, spoken in _rows(path) if normalize(spoken) != spoken]
    assert changed == []


def test_golden_files_hold_many_different_cases():
    written = [row[0] for path in GOLDEN for row in _rows(path)]
    assert len(written) == len(set(written))
    assert len(written) >= 600


_FRAGMENTS = st.one_of(
    st.sampled_from(
        list(
            "0123456789.,:;-—~/%+*#=<>()[]{}$￥€@_&'\"“”‘’ 　\n年月日号点分秒个第万亿元块到至零下温度室楼路两二比abAIVXkmgGB℃"
            "²½①Ⅳ☀😀★著乾後，。！？、…·√π"
        )
    ),
    st.sampled_from(
        [
            "2026-03-05",
            "138",
            "8:30",
            "km/h",
            "www.a.com",
            "```",
            "**",
            "1,234",
            "3/4",
            "GPT-4",
            "-5",
            "％",
            "。”",
            "&amp;",
            "<b>",
            "iPhone 15",
            "12306",
            "电话",
            "比分",
            "￥1.50",
            "第IV章",
            "5kg",
            "20%-30%",
            "1e-4",
            "^2",
            "——",
            "……",
            "...",
            "T_T",
            "1️⃣",
            "\u200b",
            "\ud800",
            "（",
            "）",
            "10^3",
        ]
    ),
    st.text(max_size=3),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(_FRAGMENTS, max_size=14).map("".join))
def test_any_mixture_comes_out_without_digits_and_stays_as_it_is(text):
    spoken = normalize(text)
    assert not re.search(r"\d", spoken)
    assert normalize(spoken) == spoken


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=30))
def test_any_string_is_accepted_even_lone_surrogates(text):
    spoken = normalize(text)
    assert normalize(spoken) == spoken
    assert not any("\ud800" <= char <= "\udfff" for char in spoken)


@pytest.mark.parametrize("unit", ["1", "-", "(", "1-", "1.", "1,111", "a1", "“", "`", "😀", "http://", "中", " ", "1年", "第1"])
def test_work_is_done_once_per_piece_and_pieces_are_short(unit, monkeypatch):
    lengths = []
    once = module._speak_once
    monkeypatch.setattr(module, "_speak_once", lambda text, warnings: lengths.append(len(text)) or once(text, warnings))
    counts = []
    for size in (4_000, 8_000):
        lengths.clear()
        text = (unit * size)[:size]
        normalize(text)
        assert "".join(pieces(text)) == text
        assert max(map(len, pieces(text))) <= PIECE_CHARACTERS
        counts.append(len(lengths))
    assert counts[1] <= 2 * counts[0] + 4


def test_pieces_end_at_sentences_where_there_are_any():
    text = "今天天气很好。" * 100
    assert all(piece.endswith("。") for piece in pieces(text))


def test_a_long_text_is_read_like_its_sentences():
    sentence = "2026年3月5日，气温-3~4℃，涨幅3.5%。"
    assert normalize(sentence * 50) == normalize(sentence) * 50


def test_lines_stay_lines():
    assert normalize("第1行\n\n第2行\r\n第3行") == "第一行\n第二行\n第三行"


def test_prose_compiles_no_number_rules():
    compiled.cache_clear()
    assert normalize("今天天气真好，我们去公园吧。") == "今天天气真好，我们去公园吧。"
    assert compiled.cache_info().currsize <= 3


def test_other_scripts_and_private_characters_stay_for_the_pronunciation_to_report():
    for text in ("こんにちは", "Привет", "안녕", "\ue000\ue001"):
        report = normalize_report(text)
        assert report.text == text
        assert report.warnings == ()


@pytest.mark.parametrize(
    ("text", "spoken", "named"),
    [
        ("零\u200b宽", "零宽", "U+200B"),
        ("控\x07制", "控制", "U+0007"),
        ("半\ud83d个", "半个", "U+D83D"),
        ("坏\ufffd字", "坏字", "U+FFFD"),
        ("**重**点", "重点", "Markdown"),
        ("<b>粗</b>", "粗", "HTML"),
        ("好👍", "好，点赞", "点赞"),
        ("好🪬", "好", "🪬"),
        ("苹果®", "苹果", "®"),
        ("哭T_T", "哭", "emoticon"),
    ],
)
def test_what_is_dropped_is_told_once(text, spoken, named):
    report = normalize_report(text + "，" + text)
    assert report.text == f"{spoken}，{spoken}"
    assert len(report.warnings) == 1
    assert named in report.warnings[0]


def test_plain_text_has_no_warnings():
    assert normalize_report("你好，2个苹果").warnings == ()


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "。"])
def test_texts_that_say_nothing_are_accepted(text):
    assert normalize(text) in ("", "\n", "。")
